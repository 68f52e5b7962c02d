"""What every service needs around its routes and queries."""
