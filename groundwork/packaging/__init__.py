"""Lambda packages: the same source and lock give the same zip, byte for byte, on any machine."""

from groundwork.packaging.build import Package, build
from groundwork.packaging.function import Function, load_function
from groundwork.packaging.install import Uv
from groundwork.packaging.lock import write_lock
from groundwork.packaging.target import ALL_TARGETS, Target, host_target

__all__ = ["ALL_TARGETS", "Function", "Package", "Target", "Uv", "build", "host_target", "load_function", "write_lock"]
