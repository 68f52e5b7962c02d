"""Terraform that passes preflight, however it was mutated, opens no foreign file, connects to nothing, starts nothing.

strace records what Terraform asks of the kernel. The resources are `terraform_data`, which needs no provider.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from groundwork.paths import Project
from groundwork.preflight import expressions
from groundwork.preflight.check import Rules, check
from groundwork.toolchain import terraform
from stacks.platform import PLATFORM

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

Terraform = dict[str, Any]
STACK = "dev-network"
CONTENT = "the-content-of-a-foreign-file"
EXPLOITS = (
    '${file("FOREIGN")}',
    '${"#"}${file/**/("FOREIGN")}',
    '${join("#",[filebase64/**/("FOREIGN")])}',
    '${"//"}${templatefile/**/("FOREIGN",{})}',
    '%{ if file("FOREIGN") != "" }x%{ endif }',
    '${core::file("FOREIGN")}',
)
_SYSTEM_CALL = re.compile(r"\b(open|openat|execve|connect)\((.*)")
_SYNTAX_ERROR = re.compile(
    r"Error: (Invalid (expression|character|multi-line)|Extra characters|Missing|Unclosed|Unterminated|Unbalanced)"
)
_PATH = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class Traced:
    """A folder in which Terraform runs, and what it does there with harmless Terraform."""

    root: Path
    strace: tuple[str, ...]
    program: str
    rules: Rules
    usual: frozenset[str] = frozenset()

    @property
    def folder(self) -> Path:
        return self.root / "cdktf.out" / "stacks" / STACK

    def passes(self, stack: Terraform) -> bool:
        """Whether preflight lets this pass, with the backend that the stack has."""
        environment = self.rules.environments["dev"]
        backend = {**environment.preflight.backend, "key": environment.state_key(STACK)}
        self.write({**stack, "terraform": {"backend": {"s3": backend}, **stack.get("terraform", {})}})
        return not check(self.root / "cdktf.out", self.rules)

    def write(self, stack: Terraform) -> None:
        shutil.rmtree(self.root / "cdktf.out", ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "cdk.tf.json").write_text(json.dumps(stack, indent=1))
        manifest = {"stacks": {STACK: {"name": STACK, "dependencies": []}}}
        (self.root / "cdktf.out" / "manifest.json").write_text(json.dumps(manifest))

    def run(self, stack: Terraform) -> tuple[set[str], str]:
        """Foreign files, connections and programs of `init` and `plan` with a local state, and what they print."""
        self.write({key: value for key, value in stack.items() if key != "terraform"})
        done, printed = set(), ""
        for command in ("init", "plan"):
            trace = self.root / "trace"
            run = subprocess.run(
                [*self.strace, "-o", str(trace), self.program, command, "-input=false", "-no-color"],
                cwd=self.folder,
                env={"HOME": str(self.root), "PATH": "/nowhere", "CHECKPOINT_DISABLE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            printed += run.stdout + run.stderr
            calls = _SYSTEM_CALL.finditer(trace.read_text(errors="replace"))
            done |= {what for call in calls if (what := self._foreign(call[1], call[2]))}
        return done - self.usual, printed

    def _foreign(self, call: str, arguments: str) -> str:
        path = _PATH.search(arguments)
        if call == "connect":
            return f"connect {arguments[arguments.index('{') :]}" if "{" in arguments else "connect"
        absolute = (self.folder / path[1]).resolve() if path else None
        inside = call != "execve" and absolute is not None and absolute.is_relative_to(self.folder)
        return "" if inside else f"{call} {absolute}"


@pytest.fixture(scope="module")
def traced(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed: `apt-get install strace`")
    program = str(terraform.find(os.environ, Project(checkout), may_download=False).path)
    command = (strace, "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,execve,connect")
    root = tmp_path_factory.mktemp("traced")
    environments = {known.name: known for known in PLATFORM.environments(checkout / "environments")}
    made = Traced(root, command, program, Rules(environments, checkout / "stacks" / "provider_locks"))
    usual, printed = made.run(document(["${terraform_data.a.id}"]))
    assert "Plan: 1 to add" in printed
    (root / "foreign").write_text(CONTENT)
    return Traced(root, command, program, made.rules, frozenset(usual))


def document(texts: list[str]) -> Terraform:
    return {
        "resource": {"terraform_data": {"a": {"input": "x", "lifecycle": {"create_before_destroy": True}}}},
        "locals": {"text": "a"},
        "output": {f"x{number}": {"value": [text]} for number, text in enumerate(["text", *texts])},
    }


@pytest.mark.parametrize("exploit", EXPLOITS)
def test_an_exploit_is_noticed_by_the_trace_and_refused_by_preflight(traced: Traced, exploit: str) -> None:
    stack = document([exploit.replace("FOREIGN", str(traced.root / "foreign"))])
    done, _ = traced.run(stack)
    assert done == {f"openat {traced.root / 'foreign'}"}
    assert not traced.passes(stack)


def test_a_program_is_noticed_by_the_trace_and_refused_by_preflight(traced: Traced) -> None:
    stack = document([])
    stack["resource"]["terraform_data"]["a"]["provider"] = "external"
    assert not traced.passes(stack)


# ── mutated Terraform ──────────────────────────────────────────────────────────────────────────────
PURE = ("upper", "join", "jsonencode", "tostring", "coalesce", "try", "base64encode", "length", "concat", "format")
IMPURE = ("file", "filebase64", "templatefile", "fileset", "fileexists", "abspath", "pathexpand", "nonsensitive")
LEAVES = ('"a"', "1", "null", "local.text", "terraform_data.a.id", "terraform.workspace", '"FOREIGN"', '"#"', '"//"')
FRAGMENTS = (
    *("/**/", "#", "//", '"', "$", "%", "%{", "${", "}", "~", " ", "\\", "\n", "(", ")", "[*]", ".", "::", "<<E\n"),
    *('file("FOREIGN")', '${file("FOREIGN")}', 'fileset("/","*")', 'filebase64/**/("FOREIGN")'),
)
PLACES: tuple[Callable[[Terraform], object], ...] = (
    lambda t: t["resource"]["terraform_data"]["a"].update(provisioner={"local-exec": {"command": "touch x"}}),
    lambda t: t["resource"]["terraform_data"]["a"].update(provider="external"),
    lambda t: t["resource"]["terraform_data"]["a"].update(triggers_replace=["${local.text}"]),
    lambda t: t["resource"]["terraform_data"]["a"].update(depends_on=[]),
    lambda t: t.update(data={"external": {"x": {"program": ["id"]}}}),
    lambda t: t.update(module={"m": {"source": "./../.."}}),
    lambda t: t.update(variable={"v": {"default": 1}}),
    lambda t: t.update(moved=[{"from": "terraform_data.b", "to": "terraform_data.a"}]),
    lambda t: t.update({"//": {"metadata": "anything"}}),
    lambda t: t["locals"].update({"FOREIGN": '$${file("FOREIGN")}'}),
)


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    functions = st.sampled_from(PURE * 3 + IMPURE)
    return st.one_of(
        st.builds(lambda name, several: f"{name}({', '.join(several)})", functions, st.lists(inner, max_size=2)),
        inner.map(lambda text: f'"x ${{{text}}} y"'),
        inner.map(lambda text: f"[{text}][0]"),
        st.builds("({0} == null ? {1} : {0})".format, inner, inner),
    )


def _mutated(text: str, at: int, fragment: str) -> str:
    place = at % (len(text) + 1)
    return text[:place] + fragment + text[place:]


EXPRESSIONS = st.recursive(st.sampled_from(LEAVES), _composed, max_leaves=4)
PIECES = EXPRESSIONS.map("${{{0}}}".format) | st.sampled_from(["text", "$", "%", '$${file("FOREIGN")}', "%%{ if }"])
TEXTS = st.lists(PIECES, min_size=1, max_size=3).map("".join)
MUTATED = TEXTS | st.builds(_mutated, TEXTS, st.integers(0, 99), st.sampled_from(FRAGMENTS))


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(texts=st.lists(MUTATED, min_size=30, max_size=60), places=st.lists(st.sampled_from(PLACES), max_size=2))
def test_what_passes_reads_connects_to_and_starts_nothing(
    traced: Traced, texts: list[str], places: list[Callable[[Terraform], object]]
) -> None:
    foreign = str(traced.root / "foreign")
    candidates = [text.replace("FOREIGN", foreign) for text in texts]
    stack = document([text for text in candidates if not [*expressions.check(document([text]))]])
    for place in places:
        changed = json.loads(json.dumps(stack))
        place(changed)
        if traced.passes(changed):
            stack = changed
    assert traced.passes(stack)
    done, printed = traced.run(stack)
    assert done == set()
    assert CONTENT not in printed
    # Terraform reads each string as preflight does, or all of this would say nothing.
    assert not _SYNTAX_ERROR.search(printed), printed
