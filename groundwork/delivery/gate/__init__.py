"""What stands between an approved plan and its apply: facts, checks, refusals."""
