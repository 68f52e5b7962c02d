"""An AWS in one process: moto, patched until the genuine Terraform provider plans, applies and plans again empty."""
