"""Environments: typed values read from environments/*.yaml, and the names computed from them."""

from stacks.values.aws_scope import AwsScope
from stacks.values.loader import load, load_all
from stacks.values.model import LAPTOP_ACCOUNT, Environment
from stacks.values.naming import Names

__all__ = ["LAPTOP_ACCOUNT", "AwsScope", "Environment", "Names", "load", "load_all"]
