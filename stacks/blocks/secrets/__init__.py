"""Building blocks of secrets."""
