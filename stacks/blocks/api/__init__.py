"""Building blocks of an API and the functions behind it."""
