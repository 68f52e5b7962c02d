"""Building blocks: one capability each, secure by default, `(scope, id_, *, typed keywords)`."""
