"""Building blocks of logs and the audit trail."""
