"""`gw bench` shows what an embedded AWS answers under load, beside the comparisons of commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groundwork.bench import laptop, run
from groundwork.bench.laptop import Load, profile_environ
from groundwork.bench.measure import MeasurementFailed
from groundwork.paths import Project


def answering(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, float]]) -> list[str]:
    """Let the load get these answers; returns the commands that were run before."""
    commands: list[str] = []
    monkeypatch.setattr(laptop, "_run", lambda command, *_: commands.append(" ".join(command[1:])))
    monkeypatch.setattr(laptop, "_program", lambda *_, **__: answers)
    return commands


def test_load_counts_what_was_written_or_throttled(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    answers = [(201, 0.1), (201, 0.2), (201, 0.3), (429, 0.01), (500, 9.0)]
    commands = answering(monkeypatch, answers)
    report = run(Project(checkout), os.environ, cases=[Load([10])])
    assert commands == ["local up", "deploy local", "local down", "local up"]
    count, time = report.rows
    assert (count.before, count.after, count.after_label) == (5, 4, "201, and 1 throttled")
    assert time.after == pytest.approx(200)
    assert time.before > time.after


def test_load_of_which_nothing_was_written_is_no_figure(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    answering(monkeypatch, [(500, 0.1), (502, 0.1)])
    with pytest.raises(MeasurementFailed, match=r"nothing was written, the answers were \{500: 1, 502: 1\}"):
        run(Project(checkout), os.environ, cases=[Load([10])])


def test_load_never_has_credentials_of_another_aws(checkout: Path) -> None:
    environ = profile_environ(Project(checkout), {"PATH": "/bin", "AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": "x"})
    assert environ["AWS_PROFILE"] == "groundwork-laptop"
    assert "AWS_ENDPOINT_URL" not in environ
