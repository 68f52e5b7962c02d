"""The store of bundles, decisions and the journal, whose objects are written once."""
