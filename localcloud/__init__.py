"""The embedded AWS and Kubernetes of a laptop."""
