"""What stacks would change: diffs, plans, and bundles, in which plans are approved and applied."""
