"""checkov and tflint over every synthesised stack, minus the findings that are waived beside the code."""
