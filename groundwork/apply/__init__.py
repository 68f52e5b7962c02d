"""Applies approved bundles; deploys and destroys the code as it is."""
