"""What a pull request's Terraform may not hold before a job with credentials reads it."""
