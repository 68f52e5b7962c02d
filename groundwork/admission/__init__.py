"""What synthesised Terraform may hold before anything with credentials reads it.

A pull request's Python may write any Terraform. `terraform init` downloads what it names, and `terraform plan` runs its
data sources, its credential helpers and its file functions with the plan job's credentials. This package, always the
one of main, reads the JSON first, with rules that only name what is allowed.
"""
