"""The gate on synthesised Terraform: checkov and tflint over every stack, minus what is waived beside the code."""
