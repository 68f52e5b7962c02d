"""A plan as it is approved: the whole stack folder, the plan, and what says that nobody changed either."""
