"""docs/moving-to-cdktn.md is right: moving to the fork is a rename in the imports, which the page counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path("docs/moving-to-cdktn.md")
RENAMED = ("cdktf", "cdktf_cdktf_provider_aws", "cdktf_cdktf_provider_helm")
UNCHANGED = ("constructs",)  # the same package for cdktf and its fork
# A rename suffices for public names from the package itself or from a module of a provider.
CORE = re.compile(r"cdktf|constructs")
PROVIDER = re.compile(r"cdktf_cdktf_provider_(?:aws|helm)\.[a-z][a-z0-9_]*")
NAME = re.compile(r"[A-Z]\w*")
COUNT = re.compile(r"(\d+) lines in (\d+) files")


def sources(root: Path) -> list[Path]:
    """The files that the rename changes."""
    folders = ("stacks", "groundwork/synthesis")
    return [*(path for folder in folders for path in sorted((root / folder).rglob("*.py"))), root / "main.py"]


def imports(text: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import of cdktf, constructs or a provider binding, also inside functions."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names) if any(_concerned(alias.name) for alias in names):
                yield node
            case ast.ImportFrom(module=str(module), level=0) if _concerned(module):
                yield node


def _concerned(module: str) -> bool:
    package = module.partition(".")[0]
    return package in UNCHANGED or package.startswith(("cdktf", "cdktn"))


def problem(node: ast.Import | ast.ImportFrom) -> str:
    """Why a rename does not suffice for an import; empty if it does."""
    if isinstance(node, ast.Import):
        return "binds the package's own name, which the rest of the file then uses: import names from it"
    module = node.module or ""
    if not (CORE.fullmatch(module) or PROVIDER.fullmatch(module)):
        return f"{module} is a private module or a package that the page does not rename"
    hidden = [alias.name for alias in node.names if not NAME.fullmatch(alias.name)]
    return f"{', '.join(hidden)} is not a public class" if hidden else ""


def renamed_lines(text: str) -> int:
    """How many imports name a package that the move renames."""
    return sum(isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in RENAMED for node in imports(text))


def test_a_rename_suffices_for_every_import_of_cdktf(checkout: Path) -> None:
    imported = [(path, node) for path in sources(checkout) for node in imports(path.read_text(encoding="utf-8"))]
    assert len(imported) > 100
    wrong = [f"{path.relative_to(checkout)}:{node.lineno}: {why}" for path, node in imported if (why := problem(node))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "statement",
    [
        "import cdktf",
        "import cdktf_cdktf_provider_aws.s3_bucket as bucket",
        "from cdktf import *",
        "from cdktf._jsii import Kernel",
        "from cdktf_cdktf_provider_aws import s3_bucket",
        "from cdktf_cdktf_provider_random.pet import Pet",
        "from cdktn import App",
        "def build():\n    from constructs._jsii import Kernel",
    ],
)
def test_an_import_for_which_a_rename_does_not_suffice_is_noticed(statement: str) -> None:
    assert [problem(node) for node in imports(statement) if problem(node)]


def test_the_page_counts_the_imports_correctly(checkout: Path) -> None:
    counts = [renamed_lines(path.read_text(encoding="utf-8")) for path in sources(checkout)]
    page = (checkout / PAGE).read_text(encoding="utf-8")
    named = [(int(lines), int(files)) for lines, files in COUNT.findall(page)]
    assert named == [(sum(counts), sum(map(bool, counts)))], f"{PAGE} has other counts than the code"
