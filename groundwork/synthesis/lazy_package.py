"""The Python side: runs a provider package's `__init__` without its list of `from . import <resource>`.

Newer jsii-pacmak generates packages that do this by themselves; what is set up here (module `__getattr__`, the map from
jsii names to modules) is the same mechanism, so that jsii finds types of modules that are not imported yet.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

# HashiCorp's packages, and those of the maintained fork.
PREFIXES = ("cdktf_cdktf_provider_", "cdktn_provider_")


class StockSynthesisWarning(UserWarning):
    """A provider or jsii has another layout than fast synthesis knows; the output is right, only slower."""


class UnknownLayout(ValueError):
    """A package's `__init__` is not as jsii-pacmak generates it."""


class _Finder(MetaPathFinder):
    """Finds provider packages as Python does, and gives them the lazy loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if "." in fullname or not fullname.startswith(PREFIXES):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Loads a provider package without its resources; they are imported on first use."""

    def exec_module(self, module: ModuleType) -> None:
        """Fills the module; a package of another layout is executed as it is, with a warning."""
        source = ast.parse(self.get_data(self.path), self.path)
        if _is_lazy_already(source):
            super().exec_module(module)
            return
        try:
            names = remove_resource_imports(source)
        except UnknownLayout as problem:
            warnings.warn(
                StockSynthesisWarning(f"{self.path} has another layout ({problem}): the package is imported in full"),
                stacklevel=2,
            )
            super().exec_module(module)
            return
        exec(compile(source, self.path, "exec"), module.__dict__)  # noqa: S102 - the package's own code, minus imports
        _resolve_on_use(module.__name__, names)


def remove_resource_imports(source: ast.Module) -> list[str]:
    """Removes the closing `from . import <resource>` statements from a parsed `__init__` and returns their names.

    Raises UnknownLayout unless the file has three parts: code whose only relative import is `from ._jsii import *`,
    then `publication.publish()`, then nothing but those statements.
    """
    end = [index for index, node in enumerate(source.body) if isinstance(node, ast.Expr) and _is_publish(node.value)]
    if len(end) != 1:
        raise UnknownLayout(f"publication.publish() is called {len(end)} times instead of once")
    head, tail = source.body[: end[0] + 1], source.body[end[0] + 1 :]
    relative = [ast.unparse(node) for part in head for node in ast.walk(part) if _is_relative_import(node)]
    if relative != ["from ._jsii import *"]:
        raise UnknownLayout(f"before publication.publish() it imports {relative}")
    names = []
    for node in tail:
        match node:
            case ast.ImportFrom(module=None, level=1, names=[ast.alias(name=name, asname=None)]) if name != "*":
                names.append(name)
            case _:
                raise UnknownLayout(f"line {node.lineno} is not `from . import <resource>`")
    if not names:
        raise UnknownLayout("it imports no resources")
    source.body = head
    return names


def _is_publish(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="publication"), attr="publish"), args=[], keywords=[]):
            return True
    return False


def _is_relative_import(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.level > 0


def _is_lazy_already(source: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in source.body)


def _resolve_on_use(package: str, names: list[str]) -> None:
    """Gives the published module the attributes the stock one has, each imported on first use."""
    from jsii import _reference_map  # noqa: PLC0415 - importing jsii starts no kernel, but is slow

    public = sys.modules[package]
    known = frozenset(names)

    def __getattr__(name: str) -> ModuleType:  # noqa: N807 - PEP 562
        if name in known:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__() -> list[str]:  # noqa: N807 - PEP 562
        return sorted({*public.__dict__, *known} - {"__getattr__", "__dir__"})

    vars(public).update(__getattr__=__getattr__, __dir__=__dir__)
    assembly = sys.modules[f"{package}._jsii"].__jsii_assembly__.name
    _reference_map._submodule_fqn_map.update(  # noqa: SLF001 - where generated packages register their modules
        {f"{assembly}.{namespace(name)}": f"{package}.{name}" for name in names}
    )


def namespace(module: str) -> str:
    """The jsii namespace of a Python module of a provider: `s3_bucket` → `s3Bucket`."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), module)


def is_installed() -> bool:
    """Whether this process imports providers lazily."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def add_finder() -> None:
    """Puts the finder in front of Python's own."""
    if not is_installed():
        sys.meta_path.insert(0, _Finder())


def remove_finder() -> None:
    """Removes the finder; packages that are already imported stay as they are."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
