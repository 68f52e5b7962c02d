"""Building blocks of a VPC."""
