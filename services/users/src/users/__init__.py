"""Users with their email addresses, in Postgres or MongoDB."""
