"""The services on the laptop's own node: their databases beside it, their releases on it, the seeds' requests to it."""
