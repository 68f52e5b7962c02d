"""Finds, pins, builds and runs the programs that Groundwork needs."""
