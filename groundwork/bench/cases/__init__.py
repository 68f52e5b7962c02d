"""The cases of `make bench`, in the order of the table. A new one is a file here and an entry in CASES."""

from groundwork.bench.case import Case
from groundwork.bench.cases.application import Application
from groundwork.bench.cases.diff_of_everything import DiffOfEverything
from groundwork.bench.cases.environment import OneEnvironment
from groundwork.bench.cases.reference import ReferenceStack

CASES: tuple[Case, ...] = (ReferenceStack(), Application(), OneEnvironment("local"), DiffOfEverything())
