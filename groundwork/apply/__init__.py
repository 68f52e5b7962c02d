"""Applies approved bundles and nothing else."""
