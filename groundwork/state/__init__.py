"""Terraform states: backends, locks, history, and how a backend is created and destroyed."""
