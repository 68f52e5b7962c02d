"""A double-entry ledger with the HTTP API of QLedger."""
