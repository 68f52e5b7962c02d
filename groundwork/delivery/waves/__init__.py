"""Waves: stacks that read what a run changes are planned against planned outputs, and once more before their apply."""
