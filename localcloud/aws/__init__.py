"""An AWS in one process: moto, patched until the real Terraform provider applies, and plans again with no changes."""
