"""What a pull request does to the synthesised Terraform: compared, judged, and written for a reader."""
