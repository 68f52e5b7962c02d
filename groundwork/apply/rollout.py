"""Deploys and destroys stacks without approved plans, from bootstrap to teardown, on the laptop and on AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from groundwork import platform
from groundwork.apply.journalled import JournalledDeploy
from groundwork.errors import StackBlocked, ToolMissing
from groundwork.plan import prerequisites
from groundwork.plan.bundle import StateAt
from groundwork.state import aws_session, bootstrap, existing_guards, principals, quotas, teardown
from groundwork.state.state_store import count_resources
from groundwork.store.journal import Began, Journal, Unplanned
from groundwork.synthesis import resources
from groundwork.terraform.cdktf import OnEvent
from groundwork.terraform.printed import StackLog
from groundwork.toolchain import side_by_side
from groundwork.workspace import Workspace

Say = Callable[[str], None]


class Releaser(Protocol):
    """Handles a stack's releases with `helm`, where Terraform cannot plan it on a laptop. Folders are stacks'."""

    def deliver(self, folder: Path, *, kube_version: str) -> str:
        """Check the releases, apply them where a cluster runs, and return what was done."""

    def deployed(self, folder: Path) -> Sequence[str]:
        """Names of the releases that the cluster holds; empty without a cluster."""

    def remove(self, folder: Path) -> Sequence[str]:
        """Uninstall the deployed releases, and return their names."""


@dataclass(frozen=True)
class StackResult:
    """What happened to a stack, in words; `outputs` are those that are not sensitive."""

    stack: str
    how: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recording:
    """How a deploy without stored plans is recorded: in which journal, as what, of which commit and by whom.

    `clock` returns UTC.
    """

    journal: Journal
    kind: Unplanned
    commit: str
    who: str
    clock: Callable[[], datetime]

    def entry(self, stack: str, environment: str, state: Mapping[str, Any]) -> Began:
        """The entry for an apply of a stack that begins now."""
        return Began.without_plan(
            stack,
            environment=environment,
            kind=self.kind,
            commit=self.commit,
            state=StateAt.of(state),
            by=self.who,
            at=self.clock(),
        )


@dataclass(frozen=True)
class Rollout:
    """Stacks of one workspace, in deploy order. `releaser` is for laptops; a deploy needs `recording`."""

    workspace: Workspace
    stacks: Sequence[str]
    releaser: Releaser | None = None
    recording: Recording | None = None

    @cached_property
    def environments(self) -> list[str]:
        """The environments of the stacks."""
        return self.workspace.environments_of(self.stacks)

    @property
    def on_laptop(self) -> bool:
        """Whether all stacks are on the embedded AWS."""
        return all(self.workspace.environments[name].target == "laptop" for name in self.environments)

    @cached_property
    def totals(self) -> dict[str, int]:
        """Resources per stack as synthesised."""
        manifest = self.workspace.manifest()
        return {
            stack: sum(not resource.is_data for resource in resources.of_stack(manifest.stack(stack)))
            for stack in self.stacks
        }

    @cached_property
    def backends(self) -> dict[str, str]:
        """State backend → environment. Destroying one deletes every version of every state of the environment."""
        known = {name: self.workspace.environments[name].bootstrap_stacks for name in self.environments}
        return {stacks[0]: name for name, stacks in known.items() if stacks}

    # ── bootstrap ──────────────────────────────────────────────────────────────────────────────────
    def prepare(self, say: Say) -> None:
        """Create missing state backends on the laptop; raises StackBlocked where one is missing on AWS."""
        for stack, name in self.backends.items():
            if self.workspace.store(stack).state() is not None:
                continue
            if self.workspace.environments[name].target != "laptop":
                raise StackBlocked(f"{name} has no state backend yet", fix=f"gw bootstrap {name}")
            self.bootstrap(stack, say)

    def bootstrap_all(self, name: str, say: Say, *, update: bool = False) -> Iterator[bootstrap.BootstrapResult]:
        """Create, finish or confirm every bootstrap stack of one environment, one after the other.

        On AWS, `say` gets a sentence for every quota that later stacks would exceed, and every role that they miss.
        Raises StackBlocked, before anything is made, where the account has a detector of somebody else's.
        """
        environment = self.workspace.environments[name]
        known = [stack.name for stack in self.workspace.manifest().stacks]
        stacks = platform.in_order(environment, known)
        on_aws = bool(stacks) and environment.target == "aws"
        if on_aws:
            environment.require_real_accounts()
            self._find_guards(stacks[0], environment, say)
        for stack in stacks:
            yield self.bootstrap(stack, say, update=update)
        if on_aws:
            session = self.workspace.store(stacks[0]).session
            for sentence in quotas.shortfalls(session, environment.quotas):
                say(sentence)
            for sentence in principals.missing(session, environment.principals):
                say(sentence)

    def _find_guards(self, backend: str, environment: platform.Environment, say: Say) -> None:
        """Look for guards of somebody else's, before the first bootstrap makes the account's own."""
        store = self.workspace.store(backend)
        aws_session.require_account(store.session, environment.account, endpoint=store.endpoint)
        if store.state() is not None:
            return
        try:
            existing_guards.refuse_second_detector(store.session, environment.guards)
            sentences = existing_guards.second_trails(store.session, environment.guards)
        except (BotoCoreError, ClientError) as error:
            sentences = [f"whether the account has guards already could not be looked up: {error}"]
        for sentence in sentences:
            say(sentence)

    def bootstrap(self, stack: str, say: Say, *, update: bool = False) -> bootstrap.BootstrapResult:
        """Create, finish or confirm one bootstrap stack."""
        return bootstrap.bootstrap(
            self.workspace.project,
            self.workspace.environment_of(stack),
            synthesised=self.workspace.out / "stacks",
            program=self.workspace.tools.terraform,
            environ=self.workspace.environ(stack),
            stack=stack,
            update=update,
            progress=lambda sentence: say(f"{stack}: {sentence}"),
        )

    # ── deploy ─────────────────────────────────────────────────────────────────────────────────────
    def deploy(self, on_event: OnEvent, say: Say) -> list[StackResult]:
        """Apply everything that Terraform can apply here, then the stacks whose releases only `helm` can apply."""
        others = {stack: reason for stack in self.stacks if (reason := self.workspace.unplannable(stack))}
        with_terraform = [stack for stack in self.stacks if stack not in others]
        logs = self._apply(with_terraform, on_event) if with_terraform else {}
        results = [self._result(stack, logs.get(stack, StackLog())) for stack in with_terraform]
        for stack, reason in others.items():
            say(f"{stack}: not for Terraform, {reason.why}")
            results.append(StackResult(stack, self._release(stack)))
        return results

    def _apply(self, stacks: Sequence[str], on_event: OnEvent) -> dict[str, StackLog]:
        workspace = self.workspace
        workspace.require_one_target(stacks)
        dependencies = workspace.manifest().dependencies
        prerequisites.require(stacks, dependencies, workspace.deployed)
        complete = prerequisites.complete(stacks, dependencies)
        logs: dict[str, StackLog] = {}
        for batch in [list(stacks)] if complete else prerequisites.batches(stacks, dependencies):
            logs |= self._journalled(batch).deploy(on_event, parallelism=workspace.tools.parallelism, complete=complete)
        return logs

    def _journalled(self, batch: Sequence[str]) -> JournalledDeploy:
        workspace, recording = self.workspace, self.recording
        if recording is None:
            raise TypeError("a rollout without a recording cannot deploy")
        entries = [
            recording.entry(stack, workspace.environment_of(stack).name, workspace.store(stack).state() or {})
            for stack in batch
        ]
        cdktf = workspace.cdktf(batch[0])
        return JournalledDeploy(recording.journal, recording.who, recording.clock, cdktf, entries, workspace.folder)

    def _release(self, stack: str) -> str:
        if not self.on_laptop:
            raise ToolMissing(f"{stack} needs Terraform's Helm provider", fix="gw doctor shows where it was looked for")
        if not self.releaser:
            return "not released: helm is not installed (make setup)"
        version = self.workspace.environment_of(stack).kubernetes_version
        return self.releaser.deliver(self.workspace.folder(stack), kube_version=version)

    def _result(self, stack: str, log: StackLog) -> StackResult:
        how = f"{len(log.done)} resources changed" if log.done else "no change"
        return StackResult(stack, how, self.workspace.store(stack).public_outputs())

    # ── destroy ────────────────────────────────────────────────────────────────────────────────────
    def deployed_resources(self) -> dict[str, int]:
        """Stack → number of resources in its state, or of releases made with `helm`; without stacks that have none."""
        counts = {stack: self._managed(stack) or len(self._releases(stack)) for stack in self.stacks}
        return {stack: count for stack, count in counts.items() if count}

    def destroy(self, stacks: Sequence[str], on_event: OnEvent, say: Say) -> list[StackResult]:
        """Destroy deployed stacks, downstream first, and state backends last, whose own state is moved out before.

        A state backend takes the history of all states of its environment with it: callers ask before. Raises
        StackBlocked where a stack that stays reads one that would be destroyed.
        """
        # No stack reads a stack of releases, so those go first.
        released = [stack for stack in stacks if not self._managed(stack) and self._releases(stack)]
        for stack in released:
            if self.releaser:
                say(f"{stack}: removed {', '.join(self.releaser.remove(self.workspace.folder(stack)))}")
        others = [stack for stack in stacks if stack not in self.backends and stack not in released]
        if others:
            self._destroy(others, on_event)
        for stack in (stack for stack in stacks if stack in self.backends):
            say(f"{stack}: its own state is moved out of the bucket, then it is destroyed")
            teardown.teardown(
                self.workspace.project,
                self.workspace.environments[self.backends[stack]],
                synthesised=self.workspace.out / "stacks",
                program=self.workspace.tools.terraform,
                environ=self.workspace.environ(stack),
                delete_history=True,
                progress=lambda sentence, stack=stack: say(f"{stack}: {sentence}"),  # type: ignore[misc]
            )
        return [StackResult(stack, "destroyed") for stack in stacks]

    def _destroy(self, stacks: Sequence[str], on_event: OnEvent) -> None:
        workspace = self.workspace
        workspace.require_one_target(stacks)
        dependencies = workspace.manifest().dependencies
        prerequisites.require_unread(stacks, dependencies, workspace.deployed)
        if not prerequisites.dependants(stacks, dependencies):
            workspace.cdktf(stacks[0]).destroy(stacks, parallelism=workspace.tools.parallelism, on_event=on_event)
            return

        def destroy(stack: str, stop: threading.Event) -> None:
            workspace.cdktf(stack).destroy_one(stack, on_event=on_event, stop=stop)

        for batch in reversed(prerequisites.batches(stacks, dependencies)):
            side_by_side.each(destroy, batch, at_once=workspace.tools.parallelism)

    def _managed(self, stack: str) -> int:
        return count_resources(self.workspace.store(stack).state() or {})

    def _releases(self, stack: str) -> Sequence[str]:
        """Releases that `deploy` made for a stack without Terraform."""
        if self.on_laptop and self.releaser and self.workspace.unplannable(stack):
            return self.releaser.deployed(self.workspace.folder(stack))
        return ()
