"""Applies approved bundles; also deploys and destroys stacks without an approval."""
