"""Prices of coins."""
