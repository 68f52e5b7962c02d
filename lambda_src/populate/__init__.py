"""POST /populate: writes one file of records into the archive bucket of another account."""
