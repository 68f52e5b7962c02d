"""Where bundles, decisions and the journal lie; everything in it is written once."""
