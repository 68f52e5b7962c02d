"""Where states lie: backends, locks, history, and making a backend in the first place."""
