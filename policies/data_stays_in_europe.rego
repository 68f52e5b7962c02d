# METADATA
# title: What we run stays in Europe, as our contracts with customers have it
# custom:
#   severity: high
#   owner: "platform-security"
#   docs: https://docs.aws.amazon.com/whitepapers/latest/navigating-gdpr-compliance/welcome.html
package policies.data_stays_in_europe

# CloudFront reads its certificates there.
also_allowed := {"us-east-1"}

deny contains {"msg": msg} if {
	some region in new_regions
	not startswith(region, "eu-")
	not region in also_allowed
	msg := sprintf("The stack newly acts in %s: our data stays in Europe.", [region])
}

new_regions := regions(input.after) - regions(input.before)

regions(null) := set()

regions(side) := {provider.region | some provider in side.settings.provider.aws} if side != null
