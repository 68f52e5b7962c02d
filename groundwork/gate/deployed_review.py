"""The review of what would be applied, compared with what was applied last; made of verified bundles."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.plan import extracted as extraction
from groundwork.plan.extracted import Extracted
from groundwork.review import checkout, make
from groundwork.review.charts import Charts
from groundwork.review.model import Review
from groundwork.review.rules import Policies
from groundwork.workspace import Workspace

_OUT = "cdktf.out.deployed"


@dataclass(frozen=True)
class Reviewer:
    """Reviews bundles with the rules and the programs of a checkout, which is main's."""

    policies: Policies
    charts: Charts

    @classmethod
    def of(cls, workspace: Workspace) -> Reviewer:
        """The rules of this checkout, and helm and conftest of this machine."""
        project, environ = workspace.project, workspace.tools.environ
        return cls(Policies.here(project, environ), Charts.here(project, environ))

    def review(self, extracted: Extracted, before: Mapping[str, bytes], *, environment: str) -> Review:
        """The review of the extracted bundles. `before`: stack → the archive that was applied last, where one was."""
        base = extraction.extract(extracted.workspace, before, name=_OUT).workspace.out
        try:
            with tempfile.TemporaryDirectory(prefix="groundwork-review-") as folder:
                sides = [
                    checkout.copy_synthesised(out, Path(folder) / name, environments=[environment])
                    for name, out in (("deployed", base), ("planned", extracted.workspace.out))
                ]
                names = "deployed", "planned"
                return make.make(*sides, names=names, policies=self.policies, charts=self.charts)[0]
        finally:
            shutil.rmtree(base, ignore_errors=True)
