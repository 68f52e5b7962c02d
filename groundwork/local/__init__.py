"""The platform's surroundings on a laptop: the embedded AWS and what is reached through it."""
