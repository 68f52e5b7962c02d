"""Building blocks of identity and access."""
