"""Building blocks of databases and their backups."""
