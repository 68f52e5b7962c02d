"""Environments: typed values read from environments/*.yaml, and the names computed from them."""

from stacks.values.loader import load, load_all
from stacks.values.model import LAPTOP_ACCOUNT, Environment
from stacks.values.naming import Names

__all__ = ["LAPTOP_ACCOUNT", "Environment", "Names", "load", "load_all"]
