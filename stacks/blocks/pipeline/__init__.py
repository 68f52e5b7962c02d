"""Building blocks of what the pipeline may do, and where it keeps its plans."""
