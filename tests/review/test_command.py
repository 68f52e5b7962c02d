"""The command `gw review`: its files, its output and its exit codes."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from groundwork.cli import application
from groundwork.errors import GroundworkError
from groundwork.review.model import SCHEMA, schema_text
from tests.review.repository import Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("reviewed"))
    made.commit("one")
    made.commit("two")
    return made


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    error: BaseException | None


def gw(repository: Repository, *arguments: str) -> Done:
    """`gw review` in this process, in the repository's folder."""
    with contextlib.chdir(repository.root):
        result = CliRunner().invoke(application(), ["review", *arguments])
    code = result.exception.exit_code if isinstance(result.exception, GroundworkError) else result.exit_code
    return Done(code, result.stdout, result.exception)


def test_every_file_is_written_and_named(repository: Repository) -> None:
    done = gw(repository, "HEAD~1..HEAD")
    assert done.returncode == 20, done.error
    short = [repository.git("rev-parse", "--short=12", name) for name in ("HEAD~1", "HEAD")]
    folder = repository.root / ".groundwork" / "review" / "-".join(short)
    assert {path.name for path in folder.iterdir()} == {"review.json", "review.html", "review.md", "hcl"}
    for name in ("review.json", "review.html", "review.md"):
        assert f"written: {folder / name}" in done.stdout
    assert "dev-data" in done.stdout
    assert 'value = "two"' in (folder / "hcl" / "head" / "dev-data.tf").read_text()


def test_the_first_line_is_the_one_that_the_change_wrote(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (repository.root / "values.py").write_text("from elsewhere import VALUE\n")
    for value in ("one", "two"):
        repository.write(value, file="elsewhere.py")
        repository.git("add", "-A")
        repository.git("commit", "-q", "-m", value)
    (stack,) = json.loads(gw(repository, "HEAD~1..HEAD", "--json").stdout)["stacks"]
    lines = [(line["file"], line["line"]) for line in stack["resources"][0]["origin"]]
    assert lines == [("elsewhere.py", 1), ("values.py", 1)]


def test_without_a_change_the_command_prints_that_and_ends_with_0(repository: Repository) -> None:
    done = gw(repository, "HEAD..HEAD")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "no change")


def test_a_risk_of_high_severity_ends_with_22(repository: Repository) -> None:
    gone = (repository.root / "main.py").read_text().replace('"x_y"', '"aws_s3_bucket"')
    (repository.root / "main.py").write_text(gone)
    base = repository.commit("bucket")
    (repository.root / "main.py").write_text(gone.replace('"aws_s3_bucket"', '"x_y"'))
    repository.commit("no bucket")
    done = gw(repository, f"{base}..HEAD")
    assert done.returncode == 22
    assert "aws_s3_bucket is destroyed" in done.stdout
    repository.git("reset", "-q", "--hard", "HEAD~2")


def test_with_json_the_output_is_only_json_that_fits_the_schema(repository: Repository) -> None:
    done = gw(repository, "HEAD~1..HEAD", "--json")
    read = json.loads(done.stdout)
    jsonschema.validate(read, json.loads(SCHEMA.read_text()))
    assert read["base"] == repository.git("rev-parse", "HEAD~1")
    assert done.returncode == 20


def test_a_single_format_can_be_written_to_a_named_file(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "a" / "comment.md"
    assert gw(repository, "HEAD~1..HEAD", "--format", "markdown", "--out", str(file)).returncode == 20
    assert "dev-data" in file.read_text()


def test_plans_are_shown_beside_the_difference(repository: Repository, tmp_path: Path) -> None:
    plans = tmp_path / "plans.json"
    counts = {"add": 1, "change": 2, "destroy": 3}
    plans.write_text(json.dumps([{"stack": "dev-data", "status": "destroy", "counts": counts, "why": "", "new": 1}]))
    done = gw(repository, "HEAD~1..HEAD", "--json", "--plans", str(plans))
    (stack,) = json.loads(done.stdout)["stacks"]
    assert stack["plan"] == {**counts, "status": "destroy", "why": "", "text": "", "wave": 0, "changes": {}}


RULE = """
from pathlib import Path
from groundwork.review.model import Concern, Rule, Severity
Path(MARK).touch()
RULE = Rule(severity=Severity.LOW, owner="team", docs="https://rules.example/a")
def find(stack):
    for change in stack.changes:
        yield change.risk(Concern.POLICY, RULE.severity, "Something changes.")
"""


def test_rules_come_from_the_checkout_and_never_from_a_commit(tmp_path: Path) -> None:
    """A pull request's rule would run as whoever reviews it, and could find nothing in the pull request."""
    repository, ran = Repository(tmp_path), tmp_path / "ran"
    base = repository.commit("one")
    repository.git("checkout", "-q", "-b", "change")
    (repository.root / "policies").mkdir()
    (repository.root / "policies" / "changes.py").write_text(RULE.replace("MARK", repr(str(ran))))
    head = repository.commit("two")
    repository.git("checkout", "-q", "main")
    before = json.loads(gw(repository, f"{base}..{head}", "--json").stdout)
    assert (ran.exists(), before["rules"], before["risks"]) == (False, [], [])
    assert [file["path"] for file in before["unjudged"]] == ["policies/changes.py"]
    repository.git("merge", "-q", "change")
    after = json.loads(gw(repository, f"{base}..{head}", "--json").stdout)
    assert ran.exists()
    assert [risk["rule"]["name"] for risk in after["risks"]] == ["changes"]


def test_json_and_another_format_exclude_each_other(repository: Repository) -> None:
    assert gw(repository, "HEAD~1..HEAD", "--json", "--format", "html").returncode == 2


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text() == schema_text(), "gw schema --write"
