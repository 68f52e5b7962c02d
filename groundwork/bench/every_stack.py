"""A change of every stack in a clone, and what reviewing it takes beyond the two syntheses."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from groundwork.bench.case import Side
from groundwork.bench.measure import MeasurementFailed
from groundwork.paths import Project

_TEAM = re.compile(r"(?m)^(  team: ).+$")
SPAN = "HEAD~1..HEAD"


class ReviewOfEveryStack:
    """`gw review` of a change of every stack's tags."""

    title = "review of every stack"
    pairs = 2

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """Cold; only the two syntheses of it; and from the cache, which the first side filled."""
        clone = _changed(project, work / "clone")
        gw, python = Path(sys.executable).with_name("gw"), Path(sys.executable)

        def side(label: str, *commands: Sequence[str], accepted: tuple[int, ...] = (0,)) -> Side:
            script = " && ".join(map(shlex.join, (["cd", str(clone)], *commands)))
            return Side(label, ["sh", "-c", script], {}, None, accepted)

        # 20 and 22 are a review's results.
        review = [str(gw), "review", SPAN]
        return (
            side("gw review, cold", ["rm", "-rf", ".groundwork/review"], review, accepted=(20, 22)),
            side("its two syntheses", [str(python), "-P", "-m", __name__]),
            side("gw review, cached", review, accepted=(20, 22)),
        )


def _changed(project: Project, clone: Path) -> Path:
    """A clone whose last commit changes a tag of every environment."""

    def git(*arguments: str, cwd: Path) -> None:
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)

    git("clone", "-q", "--shared", str(project.root), str(clone), cwd=project.root)
    for file in (clone / "environments").glob("*.yaml"):
        text = _TEAM.sub(r"\1bench", file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
    try:
        git("commit", "-q", "-a", "-m", "Another team", cwd=clone)
    except subprocess.CalledProcessError as error:
        raise MeasurementFailed(
            "no file of environments/ has a tag `team`, which this case changes", fix="add the tag to tags:"
        ) from error
    return clone


def main() -> None:
    """Synthesise both sides of SPAN of the checkout in the current folder, as a review does, and keep nothing."""
    from groundwork.review import checkout, revisions  # noqa: PLC0415 - only for the program

    root = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        pair = revisions.parse(SPAN, root, scratch=Path(folder))
        checkout.synthesise(pair, root=root, store=Path(folder) / "store", environ=os.environ)


if __name__ == "__main__":
    main()
