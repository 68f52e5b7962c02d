"""`python -m tests.style.report [FOLDER…]`: every place that breaks a rule of tests/style/words.py."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.style import words

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Print the places, of the folders that are named or of all."""
    folders = tuple(sys.argv[1:]) or ("",)
    for violation in words.check_tree(ROOT):
        if violation.file.startswith(folders):
            sys.stdout.write(f"{violation}\n")


if __name__ == "__main__":
    main()
