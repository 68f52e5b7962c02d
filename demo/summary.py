"""The end of the demo: measured figures, and addresses to try."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.measure import Measured
from groundwork.paths import Project

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Summary:
    """Seconds per step, resources, peak memory in bytes, the page of the report, and addresses to try.

    `setup_seconds` is None where unknown.
    """

    setup_seconds: float | None
    seconds: Mapping[str, float]
    resources: int
    stacks: int
    peak_bytes: int
    endpoint: str
    invoke_url: str
    report: Path

    @classmethod
    def of(
        cls,
        project: Project,
        measured: Measured,
        *,
        totals: Mapping[str, int],
        outputs: Mapping[str, Any],
        endpoint: str,
        report: Path,
    ) -> Summary:
        """The measurements with the outputs of the api stack."""
        return cls(
            setup_seconds=_setup_seconds(project),
            seconds=measured.seconds,
            resources=sum(totals.values()),
            stacks=len(totals),
            peak_bytes=measured.peak_bytes,
            endpoint=endpoint,
            invoke_url=on_laptop(str(outputs["invoke_url"]), endpoint),
            report=report,
        )

    def as_json(self) -> dict[str, Any]:
        """For `--json`: seconds, counts and bytes as numbers."""
        return {
            **vars(self),
            "report": str(self.report),
            "seconds": dict(self.seconds),
            "total_seconds": sum(self.seconds.values()),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.setup_seconds is not None:
            yield f"set up in         {self.setup_seconds:6.0f} s"
        for name, seconds in self.seconds.items():
            yield f"{name:<17} {seconds:6.1f} s"
        yield f"altogether        {sum(self.seconds.values()):6.1f} s"
        yield f"deployed          {self.resources} resources in {self.stacks} stacks"
        yield f"peak memory       {self.peak_bytes / MEGABYTE:.0f} MB (Terraform, providers, Node, embedded AWS)"
        yield ""
        yield f"the pull request's report: {self.report}"
        yield ""
        yield "To try:"
        yield f"  curl -d '{{\"records\": 3}}' -H 'content-type: application/json' {self.invoke_url}"
        yield "  gw invoke local --records 3"
        yield "  gw local status"
        yield "  gw diff local                 no change: the pull request is deployed"
        yield "  gw review HEAD..              what your own changes do, risks first"
        yield "  gw where aws_vpc.…            the Python that creates an address"
        yield (
            "  AWS_CONFIG_FILE=.groundwork/aws/config AWS_SHARED_CREDENTIALS_FILE=.groundwork/aws/credentials "
            "aws --profile groundwork-laptop eks list-clusters"
        )
        yield "  gw destroy local              removes everything"


def on_laptop(url: str, endpoint: str) -> str:
    """API Gateway's own address on the embedded gateway: names below localhost resolve to 127.0.0.1."""
    parts, local = urlsplit(url), urlsplit(endpoint)
    api = parts.netloc.split(".")[0]
    return f"http://{api}.execute-api.localhost:{local.port}{parts.path}"


def _setup_seconds(project: Project) -> float | None:
    record = project.work / "setup" / "seconds.json"
    try:
        return float(json.loads(record.read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError):
        return None
