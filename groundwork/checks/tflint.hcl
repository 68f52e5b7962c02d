# tflint over what cdktf synthesised. Nothing is downloaded: the AWS ruleset is built from tools/tflint-ruleset-aws.
config {
  call_module_type = "none"
}

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

plugin "aws" {
  enabled = true
}

# With required_version in the synthesised JSON checkov reports a parsing error and runs no check at all; Terraform's version
# is pinned in tools/terraform.json and checked by `gw doctor`.
rule "terraform_required_version" {
  enabled = false
}
