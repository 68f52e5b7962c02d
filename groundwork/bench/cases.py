"""The cases of `make bench`, in the order of its table. A new case is a class here and an entry in CASES."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.bench.case import Case, Observation, Side
from groundwork.bench.every_stack import ReviewOfEveryStack
from groundwork.bench.laptop import ENVIRONMENT, Load, PutObjects, deploy_laptop
from groundwork.paths import Project
from groundwork.synthesis.lazy_provider import VARIABLE, Mode
from groundwork.toolchain import uv


class ReferenceStack:
    """Import the AWS provider and synthesise a stack of eight resources: the smallest useful program."""

    title = "import + reference stack (8 resources)"
    pairs = 3

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """Stock and fast imports."""
        program = project.root / "groundwork" / "bench" / "reference_stack.py"

        def side(mode: Mode) -> Side:
            out = work / mode
            return Side(mode, [sys.executable, str(program), str(out)], {VARIABLE: mode}, out)

        return side(Mode.STOCK), side(Mode.FAST)


class Application:
    """main.py with every environment."""

    title = "whole application"
    pairs = 3

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """Stock and fast imports."""
        return tuple(_synth(project, mode, work / mode, {VARIABLE: mode}) for mode in (Mode.STOCK, Mode.FAST))


class OneEnvironment:
    """main.py with one environment instead of all, as somebody runs it who works on that environment."""

    pairs = 3

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.title = f"gw synth {environment}"

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """All environments, and the single one; both with fast imports."""
        fast = {VARIABLE: Mode.FAST}
        single = _synth(project, self.environment, work / "one", fast, "--environment", self.environment)
        return _synth(project, "all", work / "all", fast), single


class Packages:
    """The packages of Pipfile.lock into a new environment, from warm caches: what a clean checkout waits for."""

    title = "Python packages of Pipfile.lock"
    pairs = 1

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """pip, as Pipenv runs it, and uv. Both check the hashes that set-up wrote for the last target."""
        requirements = project.work / "setup" / "requirements.txt"
        python = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")

        def side(label: str, *commands: Sequence[str]) -> Side:
            return Side(label, ["sh", "-c", " && ".join(map(shlex.join, commands))], {}, None)

        pip_venv, uv_venv = work / "pip", work / "uv"
        hashed = ["--quiet", "--require-hashes"]
        return (
            side(
                "pip",
                [python, "-m", "venv", "--clear", str(pip_venv)],
                [str(pip_venv / "bin/pip"), "install", "--no-deps", *hashed, "-r", str(requirements)],
            ),
            side(
                "uv",
                uv.command("venv", "--quiet", "--clear", "--python", python, str(uv_venv)),
                uv.command("pip", "sync", *hashed, "--python", str(uv_venv / "bin/python"), str(requirements)),
            ),
        )


class DiffOfEverything:
    """`cdktf diff` of one stack after another against `gw diff`, on the deployed laptop: what a reviewer waits for."""

    title = f"diff of every stack of {ENVIRONMENT}"
    pairs = 1

    def sides(self, project: Project, work: Path) -> Sequence[Side]:  # noqa: ARG002 - these sides write no stacks
        """Stock; fast imports only; one synth for all; and `gw diff`. Deploys the laptop first where necessary."""
        gw = str(Path(sys.executable).with_name("gw"))
        deploy_laptop(project)

        def one_by_one(label: str, mode: Mode, *options: str, **environ: str) -> Side:
            command = [sys.executable, "-m", "groundwork.cli.diff_one_by_one", ENVIRONMENT, *options]
            return Side(label, command, {VARIABLE: mode, **environ}, None)

        return (
            # Go's own setting for Terraform, which our launcher would change (groundwork/toolchain/environment.py).
            one_by_one("cdktf diff, stock", Mode.STOCK, GOGC="100"),
            one_by_one("cdktf diff, fast synth", Mode.FAST),
            one_by_one("cdktf diff --skip-synth", Mode.FAST, "--synth-once"),
            # 21: a stack whose provider cannot be installed here is not planned on any side.
            Side("gw diff", [gw, "diff", ENVIRONMENT], {VARIABLE: Mode.FAST}, None, accepted=(0, 21)),
        )


def _synth(project: Project, label: str, out: Path, environ: Mapping[str, str], *arguments: str) -> Side:
    command = [sys.executable, str(project.root / "main.py"), *arguments]
    return Side(label, command, {**environ, "CDKTF_OUTDIR": str(out)}, out)


CASES: tuple[Case | Observation, ...] = (
    Application(),
    ReferenceStack(),
    OneEnvironment("local"),
    DiffOfEverything(),
    ReviewOfEveryStack(),
    Packages(),
    PutObjects(),
    Load(),
)
