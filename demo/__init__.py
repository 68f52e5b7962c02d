"""The demo, and calling the deployed API: a client of this platform's own application."""
