"""tflint with the AWS ruleset over the synthesised stacks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.checks.findings import Finding
from groundwork.checks.location import address_at
from groundwork.errors import CheckFailed

CONFIG = Path(__file__).with_name("tflint.hcl")


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
