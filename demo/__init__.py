"""The demo, and a client of the platform's own API."""
