"""`python -m tests.style.report [FOLDER…]`: what the style check still allows, by folder; with folders, every place."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from tests.style import words

ROOT = Path(__file__).parents[2]
ALLOWED = Path(__file__).with_name("allowed.json")
"""Folder → violations that were there when the check came. The numbers may only shrink."""


def counts(violations: list[words.Violation]) -> dict[str, int]:
    """Folder → number of violations."""
    return dict(sorted(Counter(violation.folder for violation in violations).items()))


def main() -> None:
    """Print the table, or the places in the folders that are named; `--write` takes today's numbers as the limit."""
    violations = words.check_tree(ROOT)
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if folders:
        lines = [str(violation) for violation in violations if violation.folder.startswith(tuple(folders))]
    else:
        lines = [f"{count:5} {folder}" for folder, count in counts(violations).items()]
    sys.stdout.write("\n".join(lines) + "\n")
    if "--write" in sys.argv:
        ALLOWED.write_text(json.dumps(counts(violations), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
