"""tflint with the AWS ruleset over the synthesised stacks."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.checks.findings import Finding, address_at
from groundwork.errors import CheckFailed
from groundwork.toolchain import process

CONFIG = Path(__file__).with_name("tflint.hcl")


def run(
    folders: Sequence[Path],
    *,
    program: Path,
    plugins: Path,
    environ: Mapping[str, str],
    stop: threading.Event | None = None,
) -> list[Finding]:
    """The findings of all stacks. `plugins` holds tflint-ruleset-aws. Raises CheckFailed where it did not run.

    `stop` ends it from another thread.
    """
    quiet = {key: value for key, value in environ.items() if not key.startswith(("TFLINT_", "TF_"))}
    findings: list[Finding] = []
    for folder in folders:
        _refuse_comment(folder)
        done = process.run(
            [str(program), f"--chdir={folder}", f"--config={CONFIG}", "--format=json"],
            environ={**quiet, "TFLINT_PLUGIN_DIR": str(plugins)},
            keep_stdout=True,
            stop=stop,
        )
        try:
            report = json.loads(done.stdout)
        except ValueError as error:
            raise CheckFailed(f"tflint wrote no report on {folder.name}:\n{done.tail[-2000:]}") from error
        findings += read(report, folder)
    return findings


def _refuse_comment(folder: Path) -> None:
    """A text at the root's "//" can switch rules off (tflint/annotation.go, 0.64); what cdktf writes is an object."""
    comment = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8")).get("//")
    if isinstance(comment, str):
        raise CheckFailed(
            f'{folder.name}: "//" is the text {comment[:80]!r}, with which tflint can be switched off',
            fix='remove add_override("//", …) and waive(…) beside the construct',
        )


def read(report: Mapping[str, Any], folder: Path) -> list[Finding]:
    """The findings in tflint's report on one stack; raises CheckFailed where the report contains errors."""
    if report.get("errors"):
        messages = "\n".join(error.get("message", str(error)) for error in report["errors"])
        raise CheckFailed(f"tflint could not check {folder.name}:\n{messages}")
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
        )
        for issue in report["issues"]
    ]
