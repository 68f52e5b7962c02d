"""The paths of a checkout, and of the user's cache."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from groundwork.errors import UsageError


@dataclass(frozen=True)
class Project:
    """A checkout. `root` is the folder that holds cdktf.json; all paths are absolute."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Project:
        """The checkout that contains `start`; raises UsageError where there is no checkout."""
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / "cdktf.json").is_file():
                return cls(folder)
        raise UsageError(
            f"{start} is not inside a Groundwork checkout (no cdktf.json found)", fix="cd into the checkout"
        )

    # ── what is committed ──────────────────────────────────────────────────────────────────────────
    @property
    def environments(self) -> Path:
        """The folder of the environment files."""
        return self.root / "environments"

    @property
    def provider_locks(self) -> Path:
        """The committed .terraform.lock.hcl files, one per set of providers."""
        return self.root / "stacks" / "provider_locks"

    @property
    def lambda_src(self) -> Path:
        """One folder per Lambda function."""
        return self.root / "lambda_src"

    @property
    def charts(self) -> Path:
        """The repository's own Helm charts."""
        return self.root / "charts"

    @property
    def policies(self) -> Path:
        """The organisation's rules, which judge reviews; may be missing."""
        return self.root / "policies"

    @property
    def tools(self) -> Path:
        """One folder per tool that is built from a Go module, and the pins of downloaded ones."""
        return self.root / "tools"

    # ── what is generated and can be deleted ──────────────────────────────────────────────────────────
    @property
    def venv(self) -> Path:
        """The Python environment, made by `make setup`."""
        return self.root / ".venv"

    @property
    def node_modules(self) -> Path:
        """cdktf-cli and its dependencies."""
        return self.root / "node_modules"

    @property
    def out(self) -> Path:
        """What `cdktf synth` writes."""
        return self.root / "cdktf.out"

    @property
    def work(self) -> Path:
        """Files of this checkout that are not committed: the embedded AWS, downloads, logs."""
        return self.root / ".groundwork"

    @cached_property
    def cache(self) -> Path:
        """Shared by all checkouts of this user and keyed by locks inside: providers, built tools, wheels."""
        return Path(platformdirs.user_cache_dir("groundwork"))
