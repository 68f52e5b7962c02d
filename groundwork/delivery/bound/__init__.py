"""Applies approved plans and nothing else: the genuine `cdktf deploy` with a stand-in for Terraform that checks."""
