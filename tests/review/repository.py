"""A Git repository whose main.py writes a synthesised stack with the standard library alone, in milliseconds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from groundwork.review import checkout, revisions
from groundwork.review.checkout import Synthesised

MAIN = '''\
"""Writes a stack that holds the value of values.py and what this process can see."""
import json, os, sys
from pathlib import Path
import values

out = Path(os.environ["CDKTF_OUTDIR"])
stack = out / "stacks" / "dev-data"
stack.mkdir(parents=True)
home = os.listdir(os.environ["HOME"])
body = {"value": values.VALUE, "seen": sorted(os.environ), "home": home, "file": values.__file__,
        "uv_cache": os.environ["UV_CACHE_DIR"]}
(stack / "cdk.tf.json").write_text(json.dumps({"resource": {"x_y": {"z": {"value": values.VALUE}}}, "locals": body}))
(stack / "origins.json").write_text(json.dumps({"x_y.z": {"path": "dev-data/z", "lines": ["values.py:1"]}}))
(stack / "assets").mkdir()
(stack / "assets" / "chart.yaml").write_text(values.VALUE)
manifest = {"dev-data": {"name": "dev-data", "dependencies": [], "workingDirectory": "stacks/dev-data"}}
(out / "manifest.json").write_text(json.dumps({"stacks": manifest}))
'''


class Repository:
    """`root` is the checkout; `store` is the folder for synthesised commits."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.store = root / "store"
        self.root.mkdir()
        self.git("init", "-q", "-b", "main")
        (self.root / "main.py").write_text(MAIN)
        (self.root / "cdktf.json").write_text("{}")
        (self.root / ".gitignore").write_text("__pycache__/\n.groundwork/\n")
        (self.root / "environments").mkdir()
        (self.root / "environments" / "dev.yaml").write_text("")

    def git(self, *arguments: str) -> str:
        """The output of a Git command."""
        identity = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, value: str, *, file: str = "values.py") -> None:
        """Write a value into the checkout without a commit."""
        (self.root / file).write_text(f"VALUE = {value!r}\n")

    def commit(self, value: str) -> str:
        """Commit this value; returns the commit."""
        self.write(value)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", value)
        return self.git("rev-parse", "HEAD")

    def synthesise(self, wanted: str, scratch: Path, environ: dict[str, str]) -> list[Synthesised]:
        """Base and head of `BASE..HEAD`."""
        pair = revisions.parse(wanted, self.root, scratch=scratch)
        return checkout.synthesise(pair, root=self.root, store=self.store, environ=environ)
