"""Where approved plans wait for their apply, and what was decided about them: write-once, digest, MAC and version."""
