"""What docs/moving-to-cdktn.md promises: moving to the fork is a rename in the imports, and they are so many."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path("docs/moving-to-cdktn.md")
RENAMED = ("cdktf", "cdktf_cdktf_provider_aws", "cdktf_cdktf_provider_helm")
KEPT = ("constructs",)  # the same package on both sides
# Forms that stay as they are but for the package's name: public names, out of the package or one module of a provider.
CORE = re.compile(r"cdktf|constructs")
PROVIDER = re.compile(r"cdktf_cdktf_provider_(?:aws|helm)\.[a-z][a-z0-9_]*")
NAME = re.compile(r"[A-Z]\w*")
COUNT = re.compile(r"(\d+) lines in (\d+) files")


def sources(root: Path) -> list[Path]:
    """The files that the rename goes through."""
    found = [path for folder in ("stacks", "groundwork/synthesis") for path in sorted((root / folder).rglob("*.py"))]
    return [*found, root / "main.py"]


def imports(text: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import of cdktf, constructs or a provider binding, at whatever depth it stands."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names) if any(_concerned(alias.name) for alias in names):
                yield node
            case ast.ImportFrom(module=str(module), level=0) if _concerned(module):
                yield node


def _concerned(module: str) -> bool:
    package = module.partition(".")[0]
    return package in KEPT or package.startswith(("cdktf", "cdktn"))


def problem(node: ast.Import | ast.ImportFrom) -> str:
    """Why a rename does not suffice for an import; empty where it does."""
    if isinstance(node, ast.Import):
        return "binds the package's own name, which the rest of the file then uses: import names from it"
    module = node.module or ""
    if not (CORE.fullmatch(module) or PROVIDER.fullmatch(module)):
        return f"{module} is a private module or a package that the page does not rename"
    hidden = [alias.name for alias in node.names if not NAME.fullmatch(alias.name)]
    return f"{', '.join(hidden)} is no public class" if hidden else ""


def renamed_lines(text: str) -> int:
    """How many lines name a package that the move renames: one for every import."""
    return sum(isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in RENAMED for node in imports(text))


def test_a_rename_suffices_for_every_import_of_cdktf(checkout: Path) -> None:
    found = [(path, node) for path in sources(checkout) for node in imports(path.read_text(encoding="utf-8"))]
    assert len(found) > 100
    wrong = [f"{path.relative_to(checkout)}:{node.lineno}: {why}" for path, node in found if (why := problem(node))]
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
def test_an_import_for_which_no_rename_suffices_is_seen(statement: str) -> None:
    assert [problem(node) for node in imports(statement) if problem(node)]


def test_the_page_counts_the_imports_that_there_are(checkout: Path) -> None:
    counts = [renamed_lines(path.read_text(encoding="utf-8")) for path in sources(checkout)]
    page = (checkout / PAGE).read_text(encoding="utf-8")
    named = [(int(lines), int(files)) for lines, files in COUNT.findall(page)]
    assert named == [(sum(counts), sum(map(bool, counts)))], f"{PAGE} names other lines and files than there are"
