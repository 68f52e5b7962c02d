"""What stacks would change: diffs, plans, and bundles, which are plans as they are approved."""
