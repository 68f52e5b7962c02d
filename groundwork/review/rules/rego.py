"""A rule in Rego, which the program conftest evaluates on one document per stack (groundwork.review.rules.document).

The comment `# METADATA` before its package has the rule; `deny contains {"msg": …, "address": …}` is a finding.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from groundwork import bounded_yaml
from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Risk, Rule
from groundwork.review.rules import document
from groundwork.review.rules.broken import BrokenRule, NoProgram
from groundwork.toolchain import process

MISSING = "conftest is neither on PATH nor built; make policies builds it"
_SECONDS = 120.0
_METADATA = re.compile(r"^# METADATA\n((?:#.*\n)+)package ([\w.]+)\n", re.MULTILINE)
_DECISIONS = re.compile(r"^(?:deny|violation|warn)(?:_\w+)?\b(?P<set> contains\b)?", re.MULTILINE)
_OPTIONS = ("--parser", "json", "--output", "json", "--no-color", "--no-fail", "--strict", "--rego-version", "v1")


class _Finding(BaseModel):
    msg: str
    metadata: dict[str, object] = {}


class _Result(BaseModel):
    """What conftest says of one document."""

    filename: str
    successes: int
    failures: list[_Finding] = []
    warnings: list[_Finding] = []
    exceptions: list[_Finding] = []


def judge(path: Path, stacks: Sequence[StackComparison], conftest: Path | None) -> tuple[Rule, list[Risk]]:
    """The rule and its risks. Raises NoProgram without conftest, BrokenRule where the file or the answer is wrong."""
    rule, package = _declared(path)
    if conftest is None:
        raise NoProgram(MISSING)
    return rule, [
        risk for stack, result in _evaluated(path, package, stacks, conftest) for risk in _risks(rule, stack, result)
    ]


def _declared(path: Path) -> tuple[Rule, str]:
    text = path.read_text(encoding="utf-8")
    if not (metadata := _METADATA.search(text)):
        raise BrokenRule("it does not begin with the comment # METADATA before its package")
    decisions = list(_DECISIONS.finditer(text))
    # Of `deny if …` conftest drops the value: such a rule would never find anything.
    if not decisions or not all(decision["set"] for decision in decisions):
        raise BrokenRule('its findings are not written as `deny contains {"msg": …} if …`')
    try:
        about = bounded_yaml.load(re.sub(r"^# ?", "", metadata[1], flags=re.MULTILINE))
        return Rule.model_validate(about["custom"]), metadata[2]
    except (bounded_yaml.BadYaml, ValidationError, LookupError, TypeError) as error:
        raise BrokenRule(f"its METADATA has no custom with severity, owner and docs: {error}") from error


def _evaluated(
    path: Path, package: str, stacks: Sequence[StackComparison], conftest: Path
) -> list[tuple[StackComparison, _Result]]:
    with tempfile.TemporaryDirectory(prefix="groundwork-policies-") as folder:
        # By number, since a stack's name could be an option; conftest.toml of the checkout decides nothing here.
        names = {f"{number}.json": stack for number, stack in enumerate(stacks)}
        for name, stack in names.items():
            (Path(folder) / name).write_text(json.dumps(document.of(stack)), encoding="utf-8")
        done = process.run(
            # An error of a function, such as a division by zero, would otherwise be the same as no finding.
            [
                str(conftest),
                "test",
                "--show-builtin-errors",
                *_OPTIONS,
                "--policy",
                str(path),
                "--namespace",
                package,
                *names,
            ],
            cwd=Path(folder),
            environ={"PATH": os.defpath, "HOME": folder},
            keep_stdout=True,
            timeout=_SECONDS,
        )
    if not done.ok:
        raise BrokenRule(f"conftest ended with {done.code}: {done.tail[-600:]}")
    try:
        results = {result.filename: result for result in map(_Result.model_validate, json.loads(done.stdout))}
    except (ValueError, TypeError) as error:
        raise BrokenRule(f"conftest did not print what it documents: {error}") from error
    silent = [stack.name for name, stack in names.items() if name not in results or _is_empty(results[name])]
    if silent:
        raise BrokenRule(f"conftest evaluated nothing of package {package} for {', '.join(silent)}")
    return [(stack, results[name]) for name, stack in names.items()]


def _is_empty(result: _Result) -> bool:
    return not (result.successes or result.failures or result.warnings or result.exceptions)


def _risks(rule: Rule, stack: StackComparison, result: _Result) -> list[Risk]:
    origins = {
        address: resource.origin
        for side in (stack.base_resources, stack.head_resources)
        for address, resource in side.items()
    }
    risks = []
    for finding in (*result.failures, *result.warnings):
        address = str(finding.metadata.get("address", ""))
        risk = stack.risk(Concern.POLICY, rule.severity, finding.msg)
        risks.append(risk.model_copy(update={"address": address, "origin": origins.get(address, ())}))
    return risks
