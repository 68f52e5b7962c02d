"""One fault from the change of the code to the check: harm at a point, the repair that `gw recover` names, the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.app import App
from tests.faults.checks import Losses, losses, repair
from tests.faults.injector import Harm, run_into, succeed
from tests.faults.points import POINTS, Point


@dataclass(frozen=True)
class Fault:
    """What is done at which point."""

    point: Point
    harm: Harm

    def __str__(self) -> str:
        return f"{self.point}, {self.harm}"


@dataclass(frozen=True)
class Outcome:
    """`left` is what the repair left, `ran` the commands of the repair, without `gw`. `problem` is why it failed."""

    fault: Fault
    left: Losses
    ran: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it was repaired and nothing is left."""
        return not self.left and not self.problem

    @property
    def repaired_by(self) -> str:
        """The commands that changed something, in words; the bare deploy where none was needed."""
        verbs = [word for command in self.ran for word in command.split() if word in _VERBS]
        return ", ".join(dict.fromkeys(word.removeprefix("--") for word in verbs)) or "the next deploy"


_VERBS = ("--correct-checksum", "unlock", "--push-state", "--import", "--resolve", "bootstrap", "deploy")


def faults() -> Iterator[Fault]:
    """Every fault there is. Nothing of a bundle's upload lies on the application's disk."""
    for point in POINTS:
        for harm in Harm:
            if point.operation != "plan push" or harm not in {Harm.DISK, Harm.RIGHTS}:
                yield Fault(point, harm)


def inject(app: App, fault: Fault) -> Outcome:
    """Change the code, do harm while the change is applied, and run what `gw recover` names."""
    app.find_server()  # another application may have killed the one before
    app.change()
    ended = run_into(app, fault.point, fault.harm)
    assert "Traceback" not in ended.output, f"{fault} is not named:\n{ended.output}"
    ran = repair(app)
    if fault.harm is Harm.SERVER:
        # Beside S3 and DynamoDB the server saves every few seconds: what it has forgotten is made again.
        succeed(app, *app.deploys)
        ran.append("deploy")
    return Outcome(fault, losses(app), tuple(ran))


def finish(app: App) -> Losses:
    """Apply the code as it is, after which nothing may be left to change; returns what is wrong nevertheless."""
    app.find_server()
    succeed(app, *app.deploys)
    if app.deploys[0] == "bootstrap":
        assert "nothing to do" in succeed(app, *app.deploys)
    else:
        shown = succeed(app, "diff", *app.stacks)
        assert all(f"{stack}: no change" in shown for stack in app.stacks), shown
    return losses(app)
