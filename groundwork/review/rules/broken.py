"""Why a rule of the organisation judged nothing."""

from __future__ import annotations


class BrokenRule(Exception):
    """The rule's file is wrong: it raises, or yields something other than findings. The text names the place in it."""


class NoProgram(Exception):
    """The program that evaluates the rule is not on this machine; the text names what installs it."""
