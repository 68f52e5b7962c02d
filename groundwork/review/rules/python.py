"""A rule in Python: a module with RULE, and with `find(stack)` as the modules of groundwork.review.risks have it."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from groundwork.review.compare import StackComparison
from groundwork.review.model import Risk, Rule
from groundwork.review.rules.broken import BrokenRule


def judge(path: Path, stacks: Sequence[StackComparison], _: object) -> tuple[Rule, list[Risk]]:
    """The rule and its risks. Raises BrokenRule for whatever its code does that is not this."""
    # A rule that prints would garble a review on standard output.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            module = _load(path)
            rule = _rule(module)
            return rule, [_checked(risk, stack, rule) for stack in stacks for risk in module.find(stack)]
        except BrokenRule:
            raise
        except (Exception, SystemExit) as error:
            raise BrokenRule(f"{type(error).__name__}: {error}{_line(error, path)}") from error


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"policies.{path.stem}", path)
    assert spec is not None  # noqa: S101 - it is None for suffixes that Python does not know
    assert spec.loader is not None  # noqa: S101 - a file has a loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rule(module: ModuleType) -> Rule:
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise BrokenRule("it has no RULE = Rule(severity=…, owner=…, docs=…)")
    return rule


def _checked(risk: object, stack: StackComparison, rule: Rule) -> Risk:
    if not isinstance(risk, Risk):
        raise BrokenRule(f"find yields {type(risk).__name__} instead of a Risk, of {stack.name}")
    if (risk.stack, risk.severity) != (stack.name, rule.severity):
        wanted, yielded = f"{stack.name}, {rule.severity}", f"{risk.stack}, {risk.severity}"
        raise BrokenRule(f"find yields a risk of {yielded} where the stack and RULE are {wanted}")
    return risk


def _line(error: BaseException, path: Path) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    number = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f" (line {number})" if number else ""
