"""Building blocks of keys and of settings that guard a whole account."""
