"""`make bench`: measures synthesis and diffs beside the stock commands, and the embedded AWS, on this machine."""

from groundwork.bench.case import Case, Observation, Side
from groundwork.bench.cases import CASES
from groundwork.bench.report import Report, Row
from groundwork.bench.runner import run

__all__ = ["CASES", "Case", "Observation", "Report", "Row", "Side", "run"]
