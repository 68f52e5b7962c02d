"""Deploying and destroying a set of stacks from the first step to the last, on the laptop as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

from groundwork.errors import StackBlocked, ToolMissing
from groundwork.state import bootstrap, teardown
from groundwork.synthesis import resources
from groundwork.terraform.cdktf import OnEvent, StackLog
from groundwork.workspace import Workspace
from localcloud.kubernetes import deliver
from localcloud.kubernetes.releases import Release
from stacks.values import Names

STATE_BACKEND = "state-backend"
# What a person makes, in this order: the others keep their state in the first. The pipeline may change none of them.
PERSON_MADE = (STATE_BACKEND, "account", "delivery")

Say = Callable[[str], None]


class _Helm(TypedDict):
    helm: Path
    kubeconfig: Path
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """What happened to one stack; `outputs` are those that no secret hides in."""

    stack: str
    how: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rollout:
    """Stacks of one workspace that go together, in deploy order."""

    workspace: Workspace
    stacks: Sequence[str]

    @cached_property
    def environments(self) -> list[str]:
        """The environments concerned."""
        return self.workspace.environments_of(self.stacks)

    @property
    def on_laptop(self) -> bool:
        """Whether all of it stays on the embedded AWS."""
        return all(self.workspace.environments[name].target == "laptop" for name in self.environments)

    @cached_property
    def totals(self) -> dict[str, int]:
        """Resources per stack as synthesised."""
        manifest = self.workspace.manifest()
        return {
            stack: sum(not one.is_data for one in resources.of_stack(manifest.stack(stack))) for stack in self.stacks
        }

    def prepare(self, say: Say) -> None:
        """See to the state backends: made on the laptop where missing, asked for on AWS (StackBlocked)."""
        for name in self.environments:
            environment = self.workspace.environments[name]
            stack = Names(environment).stack(STATE_BACKEND)
            if self.workspace.store(stack).state() is not None:
                continue
            if environment.target != "laptop":
                raise StackBlocked(f"{name} has no state backend yet", fix=f"gw bootstrap {name}")
            self.bootstrap(name, say)

    def bootstrap_all(self, name: str, say: Say, *, update: bool = False) -> Iterator[bootstrap.Outcome]:
        """Make, finish or confirm everything of one environment that a person makes, one stack after the other."""
        known = {stack.name for stack in self.workspace.manifest().stacks}
        names = Names(self.workspace.environments[name])
        for short_name in PERSON_MADE:
            if names.stack(short_name) in known:
                yield self.bootstrap(name, say, short_name=short_name, update=update)

    def bootstrap(
        self, name: str, say: Say, *, short_name: str = STATE_BACKEND, update: bool = False
    ) -> bootstrap.Outcome:
        """Make, finish or confirm one stack of one environment; the state backend unless another is named."""
        environment = self.workspace.environments[name]
        stack = Names(environment).stack(short_name)
        return bootstrap.bootstrap(
            self.workspace.project,
            environment,
            synthesised=self.workspace.out / "stacks",
            program=str(self.workspace.tools.terraform),
            environ=self.workspace.environ(stack),
            stack=short_name,
            update=update,
            progress=lambda sentence: say(f"{stack}: {sentence}"),
        )

    def deploy(self, on_event: OnEvent, say: Say) -> list[Result]:
        """Apply everything that Terraform can apply here; stacks with Helm releases go last, as far as they can go."""
        others = {stack: reason for stack in self.stacks if (reason := self.workspace.unplannable(stack))}
        applied = [stack for stack in self.stacks if stack not in others]
        logs = self.workspace.deploy(applied, on_event=on_event) if applied else {}
        results = [self._result(stack, logs.get(stack, StackLog())) for stack in applied]
        for stack, (_, why) in others.items():
            say(f"{stack}: not for Terraform, {why}")
            results.append(Result(stack, self._release(stack)))
        return results

    def deployed_resources(self) -> dict[str, int]:
        """Stack → resources in its state, or releases that `helm` made, for those that have any."""
        counts = {}
        for stack in self.stacks:
            if count := self._managed(stack) or len(self._helm_releases(stack)):
                counts[stack] = count
        return counts

    @cached_property
    def backends(self) -> dict[str, str]:
        """State backend → environment. Destroying one deletes every version of every state of the environment."""
        return {Names(self.workspace.environments[name]).stack(STATE_BACKEND): name for name in self.environments}

    def destroy(self, stacks: Sequence[str], on_event: OnEvent, say: Say) -> list[Result]:
        """Destroy deployed stacks, downstream first; state backends last, by taking their own state out of them.

        With a state backend goes the history of all states of its environment: callers ask before.
        """
        # Nothing reads a stack of releases, so those go before all others.
        released = [stack for stack in stacks if self._helm_of(stack) and not self._managed(stack)]
        for stack in released:
            self._remove_releases(stack, say)
        others = [stack for stack in stacks if stack not in self.backends and stack not in released]
        if others:
            self.workspace.destroy(others, on_event=on_event)
        for stack in (stack for stack in stacks if stack in self.backends):
            say(f"{stack}: takes its own state out of the bucket and goes last")
            teardown.unbootstrap(
                self.workspace.project,
                self.workspace.environments[self.backends[stack]],
                synthesised=self.workspace.out / "stacks",
                program=str(self.workspace.tools.terraform),
                environ=self.workspace.environ(stack),
                delete_history=True,
                progress=lambda sentence, stack=stack: say(f"{stack}: {sentence}"),  # type: ignore[misc]
            )
        return [Result(stack, "destroyed") for stack in stacks]

    def _managed(self, stack: str) -> int:
        """Resources in the state of a stack."""
        state = self.workspace.store(stack).state() or {}
        return sum(len(one["instances"]) for one in state.get("resources", ()) if one["mode"] == "managed")

    def _helm_of(self, stack: str) -> _Helm | None:
        """What reaches the releases that `_release` made of a stack; None where it can have made none."""
        tools = self.workspace.tools
        if self.on_laptop and tools.helm and tools.kubeconfig and self.workspace.unplannable(stack):
            return {"helm": tools.helm, "kubeconfig": tools.kubeconfig, "environ": tools.environ}
        return None

    def _helm_releases(self, stack: str) -> list[Release]:
        helm = self._helm_of(stack)
        return deliver.deployed(self.workspace.out / "stacks" / stack, **helm) if helm else []

    def _remove_releases(self, stack: str, say: Say) -> None:
        if helm := self._helm_of(stack):
            gone = deliver.remove(self.workspace.out / "stacks" / stack, **helm)
            say(f"{stack}: removed {', '.join(f'{one.namespace}/{one.name}' for one in gone)}")

    def _release(self, stack: str) -> str:
        """Release with the `helm` binary what Terraform cannot, as far as this machine goes; says what came of it."""
        tools = self.workspace.tools
        if not self.on_laptop:
            raise ToolMissing(f"{stack} needs Terraform's Helm provider", fix="gw doctor says where it was looked for")
        if not tools.helm:
            return "not released: helm is not built here (make setup)"
        done = deliver.deliver(
            self.workspace.out / "stacks" / stack,
            helm=tools.helm,
            kube_version=self.workspace.environment_of(stack).cluster.version,
            kubeconfig=tools.kubeconfig,
            environ=tools.environ,
        )
        return "; ".join(one.sentence for one in done) or "no releases"

    def _result(self, stack: str, log: StackLog) -> Result:
        how = f"{len(log.done)} resources changed" if log.done else "no change"
        return Result(stack, how, self.workspace.store(stack).public_outputs())
