"""The rules of the organisation: files of policies/, in Python with the interface of the built-in risks, and in Rego.

They judge a review as the built-in risks do, without secrets. They come from the checkout that reviews, as the rest of
the tool does, never from a commit that is reviewed. A rule that fails is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.paths import Project
from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, NotJudged, Risk, Rule, Severity
from groundwork.review.rules import python, rego
from groundwork.review.rules.broken import BrokenRule, NoProgram
from groundwork.toolchain import go_tools

_JUDGES = {".py": python.judge, ".rego": rego.judge}


@dataclass(frozen=True)
class Judgement:
    """What the rules say: their risks, the rules that judged every stack, and what could not be judged."""

    risks: tuple[Risk, ...] = ()
    rules: tuple[Rule, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()


@dataclass(frozen=True)
class Policies:
    """The rules in `folder`, which may be missing. Without the program `conftest`, those in Rego are not judged."""

    folder: Path
    conftest: Path | None = None

    @classmethod
    def here(cls, project: Project, environ: Mapping[str, str]) -> Policies:
        """The rules of a checkout."""
        conftest = go_tools.find("conftest", environ, project)
        return cls(project.policies, conftest.path if conftest else None)

    @property
    def files(self) -> list[Path]:
        """One file per rule."""
        return sorted(path for path in self.folder.glob("*") if path.suffix in _JUDGES)

    def judge(self, stacks: Sequence[StackComparison]) -> Judgement:
        """What every rule says of these stacks."""
        risks: list[Risk] = []
        rules: list[Rule] = []
        not_judged: list[NotJudged] = []
        for path in self.files:
            name = f"{self.folder.name}/{path.name}"
            try:
                rule, judged = _JUDGES[path.suffix](path, stacks, self.conftest)
            except NoProgram as missing:
                not_judged.append(NotJudged(what=name, why=str(missing)))
            except BrokenRule as broken:
                not_judged.append(NotJudged(what=name, why=str(broken)))
                risks.append(_failed(name, broken))
            else:
                rule = rule.model_copy(update={"name": rule_name(path)})
                rules.append(rule)
                risks += (risk.model_copy(update={"rule": rule}) for risk in judged)
        return Judgement(tuple(dict.fromkeys(risks)), tuple(rules), tuple(not_judged))


def rule_name(path: Path) -> str:
    """`logs_are_kept.py` → `logs-are-kept`."""
    return path.stem.replace("_", "-")


def _failed(name: str, broken: BrokenRule) -> Risk:
    return Risk(
        concern=Concern.POLICY,
        severity=Severity.HIGH,
        stack="",
        address="",
        sentence=f"{name} judged nothing: {broken}",
        origin=(),
    )
