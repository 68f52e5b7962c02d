"""Building blocks of an EKS cluster and what runs on it."""
