"""The programs Groundwork stands on: finding, pinning, building and running them."""
