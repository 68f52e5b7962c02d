"""The second half of the demo: a pull request's report, its plan, an approval, the apply, and a refusal."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from groundwork.apply.apply import ApprovedApply
from groundwork.apply.rollout import StackResult
from groundwork.cli.deploy_approved import gate_for
from groundwork.errors import Reason, Refused, TerraformFailed
from groundwork.gate.laptop_approvals import LaptopApprovals
from groundwork.plan import commit, plans_file
from groundwork.plan.bundle import Index
from groundwork.plan.make import Planner
from groundwork.plan.run_plans import plan_all
from groundwork.review import files
from groundwork.review import make as reviews
from groundwork.review.files import Format
from groundwork.review.model import Review
from groundwork.store import transfer
from groundwork.store.opening import open_store
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.cdktf import OnEvent
from groundwork.workspace import Workspace

REVIEWER = "a-colleague"


def report(workspace: Workspace, before: Workspace) -> tuple[Review, Path]:
    """Compare two synthesised folders as a pull request would; returns the review and its HTML page."""
    review, base, head = reviews.make(before.out, workspace.out, names=("main", "pull-request"))
    texts = {
        name: text
        for kind in (Format.HTML, Format.MARKDOWN, Format.JSON)
        for name, text in files.texts(review, base, head, kind).items()
    }
    written = files.write(texts, workspace.project.work / "demo" / "review")
    return review, next(path for path in written if path.suffix == ".html")


@dataclass(frozen=True)
class Delivery:
    """A set of plans, from planning to the apply. `plans` is the index file."""

    workspace: Workspace
    environment: str
    plans: Path

    @property
    def store(self) -> PlanStore:
        """The store of the bundles."""
        return open_store(self.workspace, self.environment, role="apply")

    @property
    def index(self) -> Index:
        """The plans."""
        return plans_file.read(self.plans)

    @classmethod
    def plan(cls, workspace: Workspace, environment: str, stacks: Sequence[str]) -> Delivery:
        """Plan stacks as the pipeline does on main, pack each with its plan, and store the bundles."""
        folder = workspace.project.work / "demo" / "plans"
        planner = Planner(
            commit=commit.of_checkout(workspace.project.root, uncommitted=True),
            run_id="laptop",
            run_attempt=1,
            planned_by=getpass.getuser(),
            clock=lambda: datetime.now(UTC),
        )
        planned = plan_all(workspace, stacks, planner=planner, out=folder)
        store = open_store(workspace, environment, role="plan")
        index = plans_file.index(environment, planner, planned.made, planned.waiting)
        stored = transfer.push(store, index, who=planner.planned_by, clock=planner.clock)
        plans_file.write(stored, folder / plans_file.NAME)
        return cls(workspace, environment, folder / plans_file.NAME)

    def approve(self, by: str = REVIEWER) -> None:
        """Approve exactly these plans."""
        LaptopApprovals(self.workspace.project, self.plans).approve(self.environment, by=by, now=datetime.now(UTC))

    def apply(self, on_event: OnEvent) -> list[StackResult]:
        """Apply the approved plans after every check of the gate; raises Refused with every reason."""
        index, store = self.index, self.store
        wanted = [stored.stack for stored in index.bundles]
        gate = gate_for(self.workspace, index, store, plans=self.plans, environ=os.environ, wanted=wanted)
        approved = ApprovedApply(self.workspace, index, store, gate, getpass.getuser(), lambda: datetime.now(UTC))
        return approved.apply(wanted, on_event=on_event, say=lambda _: None)

    def apply_again(self) -> Sequence[Reason]:
        """Apply the same plans again and return the gate's reasons to refuse; raises TerraformFailed without any."""
        try:
            self.apply(lambda *_: None)
        except Refused as error:
            return error.refusals
        raise TerraformFailed("plans that were applied before were applied again: the gate does not work")
