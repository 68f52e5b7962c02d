"""One module per Terraform state; `catalog` lists them in deploy order."""
