"""Kubernetes on a laptop: releases that the stacks describe, rendered and checked, or applied to a cluster."""
