"""Card transactions of the last days."""
