"""Building blocks of data at rest: buckets and tables."""
