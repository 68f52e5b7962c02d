"""The schema's revisions, in order of their numbers."""
