"""`make bench`: measures on this machine how much faster synthesis and diffs are than the stock commands."""

from groundwork.bench.case import Case, Side
from groundwork.bench.cases import CASES
from groundwork.bench.report import Report, Row
from groundwork.bench.runner import run

__all__ = ["CASES", "Case", "Report", "Row", "Side", "run"]
