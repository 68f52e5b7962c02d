"""Fast synthesis, provider locks, and reading back what was synthesised."""
