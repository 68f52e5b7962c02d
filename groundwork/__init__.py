"""Groundwork: the tool around the stacks."""
