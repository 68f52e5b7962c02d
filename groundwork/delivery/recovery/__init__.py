"""What an apply that was killed left behind: what is done, what no state knows, and how that is settled."""
