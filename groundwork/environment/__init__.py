"""Environments: typed values read from environments/*.yaml, and the names computed from them."""

from groundwork.environment.loader import load, load_all
from groundwork.environment.model import LAPTOP_ACCOUNT, Environment
from groundwork.environment.naming import Names

__all__ = ["LAPTOP_ACCOUNT", "Environment", "Names", "load", "load_all"]
