"""GitHub as the pipeline needs it: approvals, protection, comments, annotations and issues."""
