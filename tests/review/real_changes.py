"""Changes of this repository's own stacks as commits of a clone, and their reviews; base is synthesised once for all.

The clone has one environment, dev, so that a synthesis takes seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from groundwork.review import authorship, checkout, make, revisions
from groundwork.review.charts import Charts
from groundwork.review.model import Line, Review
from groundwork.review.rules import Policies
from tests.review import charted
from tests.review.warm_synthesis import WarmSynthesis

Edits = Mapping[str, tuple[str, str]]
"""Path → what is replaced in the file, which occurs there exactly once, and by what."""


class RealStacks:
    """A clone of the checkout without the environments that would only take time."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root, self._folder, self._source = folder / "project", folder, source
        subprocess.run(["git", "clone", "-q", "--shared", str(source), str(self.root)], check=True)
        # What is not committed yet is reviewed too.
        for path in ("charts", "environments", "lambda_src", "stacks"):
            shutil.copytree(source / path, self.root / path, dirs_exist_ok=True)
        for file in (self.root / "environments").glob("*.yaml"):
            if file.stem != "dev":
                file.unlink()
        for rule in (self.root / "policies").glob("*.rego"):
            rule.unlink()  # it would need its program
        self.base = self.commit("base")
        self._warm: WarmSynthesis | None = None

    def close(self) -> None:
        """End the process that synthesises."""
        if self._warm:
            self._warm.close()

    def change(self, edits: Edits, *, on: str = "") -> str:
        """The commit of a change of base, or of the commit `on`."""
        self._git("checkout", "-q", "--detach", on or self.base)
        for path, (old, new) in edits.items():
            text = (self.root / path).read_text()
            assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
            (self.root / path).write_text(text.replace(old, new))
        return self.commit("change")

    def review(self, head: str, *, base: str = "") -> Review:
        """The review of two commits, as `gw review` makes it."""
        base = base or self.base
        pair = revisions.parse(f"{base}..{head}", self.root, scratch=self._folder)
        report, _, _ = make.make(
            self._synthesised(base),
            self._synthesised(head),
            names=(pair[0].commit, pair[1].commit),
            source=lambda path: revisions.text(pair[1], self.root, path),
            policies=Policies(self.root / "policies"),
            charts=Charts(charted.helm),
        )
        return authorship.with_authors(report, *pair, root=self.root)

    def _synthesised(self, commit: str) -> Path:
        """The stacks of a commit, laid out for a review."""
        final = self._folder / "synthesised" / commit
        if not final.exists():
            if self._warm is None:
                self._warm = WarmSynthesis(self.root, imports=self._source)
            self._git("checkout", "-q", "--detach", commit)
            out = self._folder / "out"
            self._warm.synthesise(self.root, out)
            checkout.copy_synthesised(out, final, environments=["dev"])
            shutil.rmtree(out)
        return final

    def text_of(self, line: Line, head: str) -> str:
        """The text of a line, at base or at head."""
        commit = head if line.now is None else self.base
        return self._git("show", f"{commit}:{line.file}").split("\n")[line.line - 1].strip()

    def is_of_change(self, line: Line, head: str, *, base: str) -> bool:
        """Whether head wrote the line, or deleted it from base."""
        changed = self._git("diff", "--unified=0", base, head, "--", line.file)
        hunks = re.finditer(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", changed, re.MULTILINE)
        side = 3 if line.now is None else 1
        return any(int(h[side]) <= line.line < int(h[side]) + int(h[side + 1] or 1) for h in hunks)

    def commit(self, message: str) -> str:
        """The checkout as a commit."""
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", message)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()
