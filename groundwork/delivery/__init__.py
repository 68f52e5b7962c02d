"""Running the genuine cdktf commands over many stacks: order, prerequisites, progress, results."""
