"""The one way to run Terraform and cdktf."""
