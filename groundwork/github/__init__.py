"""GitHub as the pipeline needs it: who approved, which settings protect, what is said on a pull request."""
