"""What a pull request does to the synthesised Terraform: two commits compared, the risks, and the report on both."""
