"""The check before an apply: facts, and the refusals that follow from them."""
