"""tflint with the AWS ruleset over the synthesised stacks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.checks.findings import Finding
from groundwork.errors import CheckFailed

CONFIG = Path(__file__).with_name("tflint.hcl")
# cdktf indents by two: the type of a resource stands at four spaces, its id at six.
_TYPE = re.compile(r'^ {4}"(?P<name>[^"]+)": \{$')
_ID = re.compile(r'^ {6}"(?P<name>[^"]+)": [{\[]')
_BLOCK = re.compile(r'^ {2}"(?P<name>[^"]+)": \{')


def run(folders: Sequence[Path], *, program: Path, plugins: Path, environ: Mapping[str, str]) -> list[Finding]:
    """The findings of all stacks. `plugins` holds tflint-ruleset-aws. Raises CheckFailed where it could not look."""
    findings: list[Finding] = []
    for folder in folders:
        done = subprocess.run(
            [str(program), f"--chdir={folder}", f"--config={CONFIG}", "--format=json"],
            env={**environ, "TFLINT_PLUGIN_DIR": str(plugins)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            report = json.loads(done.stdout)
        except ValueError as error:
            raise CheckFailed(f"tflint gave no report on {folder.name}:\n{done.stderr[-2000:]}") from error
        findings += read(report, folder)
    return findings


def read(report: Mapping[str, Any], folder: Path) -> list[Finding]:
    """The findings in tflint's report on one stack; raises CheckFailed where the report holds errors of its own."""
    if report.get("errors"):
        said = "\n".join(error.get("message", str(error)) for error in report["errors"])
        raise CheckFailed(f"tflint could not look at {folder.name}:\n{said}")
    if not report.get("issues"):
        return []
    lines = (folder / "cdk.tf.json").read_text(encoding="utf-8").splitlines()
    return [
        Finding(
            tool="tflint",
            check=issue["rule"]["name"],
            stack=folder.name,
            address=address_at(lines, issue["range"]["start"]["line"]),
            what=issue["message"],
            line=issue["range"]["start"]["line"],
        )
        for issue in report["issues"]
    ]


def address_at(lines: Sequence[str], number: int) -> str:
    """Terraform address of the resource that a line (from 1) of a synthesised file lies in; empty outside of one."""
    kind = identifier = ""
    for line in reversed(lines[:number]):
        if not identifier and (match := _ID.match(line)):
            identifier = match["name"]
        elif not kind and (match := _TYPE.match(line)):
            kind = match["name"]
        elif match := _BLOCK.match(line):
            return f"{kind}.{identifier}" if match["name"] == "resource" and kind and identifier else ""
    return ""
