"""checkov over the synthesised stacks. It skips no check: waivers apply afterwards, by address."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.checks import checkov_input
from groundwork.checks.findings import Finding, address_at
from groundwork.errors import CheckFailed
from groundwork.toolchain import process


def run(
    folders: Sequence[Path], *, program: Path, environ: Mapping[str, str], stop: threading.Event | None = None
) -> list[Finding]:
    """The findings of all stacks (`folders`: cdktf.out/stacks/<stack>). Raises CheckFailed where checkov could not read
    a stack or ran no check on it: a run that checked nothing must not pass. `stop` ends it from another thread.
    """
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as copies:
        files = {folder.name: Path(copies) / folder.name / "cdk.tf.json" for folder in folders}
        for folder in folders:
            checkov_input.write(folder / "cdk.tf.json", files[folder.name])
        done = process.run(
            [
                str(program.absolute()),
                "--framework", "terraform_json",
                "--skip-download",  # no network: policies from a server could differ from run to run
                "--compact",
                "--output", "json",
                "--file", *map(str, files.values()),
            ],
            # A .checkov.yaml in the home or working folder, or a CKV_ variable, could switch off checks.
            cwd=Path(empty),
            environ={**_without_settings(environ), "HOME": empty, "LOG_LEVEL": "ERROR"},
            keep_stdout=True,
            stop=stop,
        )  # fmt: skip
        try:
            report = json.loads(done.stdout)
        except ValueError as error:
            output = (done.tail or done.stdout)[-2000:]
            raise CheckFailed(f"checkov wrote no report (exit code {done.code}):\n{output}") from error
        return read(report, files)


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(("CKV_", "CHECKOV_", "BC_", "PRISMA_"))}


def read(report: Any, files: Mapping[str, Path]) -> list[Finding]:
    """The findings in a report of checkov. `files` is stack → the file that checkov read."""
    parts = report if isinstance(report, list) else [report]
    results = [part["results"] for part in parts if "results" in part]
    unread = sorted({path for result in results for path in result.get("parsing_errors", ())})
    if unread:
        raise CheckFailed(
            f"checkov could not parse {', '.join(unread)}", fix="look for a key that checkov does not know"
        )

    checked: Counter[str] = Counter()
    lines: dict[str, list[str]] = {}
    findings = []
    for result in results:
        for check in (*result["passed_checks"], *result["failed_checks"]):
            checked[_stack(check)] += 1
        for check in result["failed_checks"]:
            stack = _stack(check)
            if stack not in lines:
                lines[stack] = files[stack].read_text(encoding="utf-8").splitlines()
            findings.append(
                Finding(
                    tool="checkov",
                    check=check["check_id"],
                    stack=stack,
                    # For Terraform's JSON checkov reports `resource.<name>`, without the type, but the exact line.
                    address=address_at(lines[stack], check["file_line_range"][0]) or check["resource"],
                    what=check["check_name"],
                )
            )
    skipped = [check for result in results for check in result.get("skipped_checks", ())]
    if skipped:
        raise CheckFailed(
            f"checkov skipped {len(skipped)} checks", fix="waive beside the construct instead of skipping"
        )
    unchecked = [stack for stack, path in files.items() if not checked[stack] and _has_resources(path)]
    if unchecked:
        raise CheckFailed(f"checkov ran zero checks on {', '.join(unchecked)}, which have resources")
    return findings


def _stack(check: Mapping[str, Any]) -> str:
    return Path(check["file_path"]).parent.name


def _has_resources(path: Path) -> bool:
    return any(kind.startswith("aws_") for kind in json.loads(path.read_text(encoding="utf-8")).get("resource", {}))
