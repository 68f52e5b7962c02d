"""Which test proves which row of the seeds: read from the marks in the tests, written to docs/seeds.md.

As a program (`python -m tests.seeds.table`) it writes the page.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "seeds.md"
_ROWS = Path(__file__).with_name("rows.toml")
_INTRODUCTION = """# The seeds, row by row

Five repositories are the seeds of the services here. Each row is something that one of them does, with the tests that
prove it here.
`python -m tests.seeds.table` writes this page from the tests' marks; a test compares.
"""


@dataclass(frozen=True)
class Rows:
    """Numbers of the seeds and of their rows, each with what it promises. `open` are those that no test proves yet."""

    seeds: Mapping[str, str]
    proven: Mapping[str, str]
    open: Mapping[str, str]

    @classmethod
    def read(cls) -> Rows:
        """Those of rows.toml."""
        document = tomllib.loads(_ROWS.read_text(encoding="utf-8"))
        return cls(document["seeds"], document["rows"], document["open"])

    def promise(self, row: str) -> str:
        """What the row promises, proven or not."""
        return self.proven.get(row) or self.open[row]

    def of(self, seed: str) -> list[str]:
        """The rows of a seed, in order."""
        rows = [row for row in (*self.proven, *self.open) if row.partition(".")[0] == seed]
        return sorted(rows, key=lambda row: int(row.partition(".")[2]))


def marked() -> dict[str, list[str]]:
    """Row → the tests that name it, as `path::test` in the order of the files."""
    tests: dict[str, list[str]] = defaultdict(list)
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("services/*/tests/**/test_*.py")]
    for path in sorted(files):
        text = path.read_text(encoding="utf-8")
        if "mark.row(" not in text:
            continue
        for test in ast.walk(ast.parse(text)):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                for row in _rows_of(test):
                    tests[row].append(f"{path.relative_to(ROOT)}::{test.name}")
    return tests


def _rows_of(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.row":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def page() -> str:
    """The page's text."""
    rows, tests = Rows.read(), marked()
    lines = [_INTRODUCTION]
    for seed, name in rows.seeds.items():
        lines += [f"## {seed}: {name}", "", "| Row | Promise | Test |", "|---|---|---|"]
        for row in rows.of(seed):
            proofs = "<br>".join(f"`{test}`" for test in tests.get(row, ())) or "open"
            lines.append(f"| {row} | {rows.promise(row)} | {proofs} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
