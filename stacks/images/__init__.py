"""Images of the services: built from services/Dockerfile, saved as archives, and brought to a cluster or a registry."""
