"""The demo ends with a summary: how long each step took, what was deployed, and what to try next."""

from __future__ import annotations

import json
from pathlib import Path

from demo.measure import Measured
from demo.summary import Summary
from groundwork.paths import Project


def summary(project: Project) -> Summary:
    return Summary.of(
        project,
        Measured({"bootstrap": 61.5, "deploy": 98.5}, 2_500_000_000),
        totals={"local-network": 40, "local-api": 60},
        outputs={"invoke_url": "https://abc.execute-api.eu-west-2.amazonaws.com/v1/populate"},
        endpoint="http://127.0.0.1:4566",
        report=Path("/checkout/review.html"),
    )


def test_the_summary_shows_measurements_addresses_and_the_next_command(tmp_path: Path) -> None:
    project = Project(tmp_path)
    record = project.work / "setup" / "seconds.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"seconds": 97.2}))
    text = "\n".join(summary(project).lines())
    for expected in (
        "set up in             97 s",
        "altogether         160.0 s",
        "100 resources in 2 stacks",
        "peak memory       2500 MB",
        "/checkout/review.html",
        "http://abc.execute-api.localhost:4566/v1/populate",
        "gw destroy local",
    ):
        assert expected in text


def test_without_a_measured_set_up_the_summary_does_not_show_its_time(tmp_path: Path) -> None:
    made = summary(Project(tmp_path))
    assert made.setup_seconds is None
    assert "set up in" not in "\n".join(made.lines())
