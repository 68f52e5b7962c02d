"""Building blocks of data at rest: buckets, tables, keys."""
