"""Findings point to the line of Python that they come from, in SARIF and as annotations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from groundwork.checks.findings import Finding, Verdict, Waiver
from groundwork.errors import CheckFailed
from groundwork.github import sarif as sarifs
from groundwork.github.annotations import Annotation, Level, commands
from groundwork.github.diagnostics import Diagnostic, of_review, of_verdict
from groundwork.github.foreign_sarif import require_own
from groundwork.github.sarif import CHECKS, sarif
from groundwork.review.model import Concern, Line, Review, Risk, Severity

# The parts of SARIF 2.1.0 (sections 3.13 to 3.30 and 3.49) that gw writes; anything else fails.
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "text": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {
                                "name": {"type": "string"},
                                "rules": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": {
                                        "type": "object",
                                        "required": ["id"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "id": {"type": "string"},
                                            "shortDescription": {"$ref": "#/$defs/text"},
                                            "defaultConfiguration": {
                                                "properties": {"level": {"$ref": "#/$defs/level"}}
                                            },
                                        },
                                    },
                                },
                            },
                        }
                    },
                },
                "automationDetails": {"type": "object", "properties": {"id": {"type": "string"}}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "originalUriBaseIds": {"type": "object"},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}, "maxItems": 25_000},
                "invocations": {"type": "array", "items": {"required": ["executionSuccessful"]}},
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"$ref": "#/$defs/level"},
                "message": {"$ref": "#/$defs/text"},
                "locations": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/location"}},
                "relatedLocations": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/location"}},
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "id": {"type": "integer", "minimum": 0},
                "message": {"$ref": "#/$defs/text"},
                "logicalLocations": {"type": "array"},
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation", "region"],
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "properties": {
                                "uri": {"type": "string", "pattern": "^[^/]"},
                                "uriBaseId": {"type": "string"},
                            },
                        },
                        "region": {
                            "type": "object",
                            "properties": {"startLine": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    },
}
BUCKET = "aws_s3_bucket.logs_bucket_1A2B3C4D"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two synthesised stacks, one of which has a bucket with an origin."""
    stacks = {}
    for name in ("dev-archive", "prod-archive"):
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text("{}", encoding="utf-8")
        lines = ["stacks/blocks/storage/private_bucket.py:61", "stacks/archive.py:40", "main.py:20"]
        known = {BUCKET: {"path": f"{name}/logs/bucket", "lines": lines}}
        (folder / "origins.json").write_text(json.dumps(known), encoding="utf-8")
        stacks[name] = {
            "name": name,
            "constructPath": name,
            "workingDirectory": f"stacks/{name}",
            "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
            "annotations": [],
            "dependencies": [],
        }
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": stacks}), encoding="utf-8")
    return tmp_path


def verdict(**parts: Any) -> Verdict:
    return Verdict(**{"open": [], "waived": [], "expired": [], "unused": [], **parts})


def finding(stack: str = "prod-archive", address: str = BUCKET, check: str = "CKV_AWS_18") -> Finding:
    return Finding("checkov", check, stack, address, "Ensure the S3 bucket has access logging enabled")


def test_a_finding_points_to_the_python_that_makes_the_resource(out: Path) -> None:
    log = sarif(of_verdict(verdict(open=[finding()]), out))
    (run,) = log["runs"]
    (result,) = run["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "stacks/blocks/storage/private_bucket.py"
    assert location["region"]["startLine"] == 61
    callers = [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["relatedLocations"]]
    assert callers == ["stacks/archive.py", "main.py"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "CKV_AWS_18"


def test_the_same_finding_of_several_stacks_is_one_diagnostic(out: Path) -> None:
    (diagnostic,) = of_verdict(verdict(open=[finding("dev-archive"), finding("prod-archive")]), out)
    assert diagnostic.stack == "dev-archive, prod-archive"


def test_a_finding_without_a_known_line_points_to_main(out: Path) -> None:
    unknown = verdict(open=[finding(address="data.terraform_remote_state.x"), finding(address="", check="terraform_x")])
    results = sarif(of_verdict(unknown, out))["runs"][0]["results"]
    assert len(results) == 2
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert uris == {"main.py"}


def test_an_expired_or_needless_waiver_points_to_its_own_line(out: Path) -> None:
    waiver = Waiver("prod-archive", BUCKET, "CKV_AWS_18", "no logs of logs", date(2026, 1, 1), "stacks/archive.py:44")
    diagnostics = of_verdict(verdict(expired=[waiver], unused=[waiver]), out)
    assert [diagnostic.lines for diagnostic in diagnostics] == [(Line(file="stacks/archive.py", line=44),)] * 2
    assert "has expired" in diagnostics[0].message
    assert "not needed" in diagnostics[1].message


def test_a_review_s_risks_keep_their_severity(out: Path) -> None:
    risks = tuple(
        Risk(
            concern=Concern.DATA_LOSS,
            severity=severity,
            stack="prod-archive",
            address=BUCKET,
            sentence=f"{severity} thing",
            origin=(Line(file="stacks/archive.py", line=3),),
        )
        for severity in Severity
    )
    diagnostics = of_review(Review(base="a", head="b", stacks=(), risks=risks))
    assert [diagnostic.level for diagnostic in diagnostics] == ["error", "warning", "notice"]
    results = sarif(diagnostics)["runs"][0]["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note"]
    assert {result["ruleId"] for result in results} == {"data-loss"}


def test_the_log_has_the_shape_of_sarif(out: Path) -> None:
    waiver = Waiver("prod-archive", BUCKET, "CKV_AWS_18", "why", date(2026, 1, 1), "stacks/archive.py:44")
    several = verdict(open=[finding(), finding(address=""), finding(check="CKV_AWS_21")], expired=[waiver])
    log = sarif(of_verdict(several, out), tools=("checkov", "tflint", "waiver"))
    jsonschema.validate(log, SHAPE)
    assert [run["tool"]["driver"]["name"] for run in log["runs"]] == [
        "groundwork checkov",
        "groundwork tflint",
        "groundwork waiver",
    ]
    assert log["runs"][1]["results"] == []


def test_of_more_results_than_github_takes_the_worst_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sarifs.MOST_RESULTS == 25_000
    monkeypatch.setattr(sarifs, "MOST_RESULTS", 100)  # the others would take a second
    levels: list[Level] = ["notice", "warning", "error"]
    many = [Diagnostic("review", "cost", levels[n % 3], f"number {n}", "dev-a", "", ()) for n in range(102)]
    log = sarif(many)
    jsonschema.validate(log, SHAPE)
    results = log["runs"][0]["results"]
    assert Counter(result["level"] for result in results) == {"error": 34, "warning": 34, "note": 32}
    (left_out,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert left_out["message"]["text"].startswith("2 further results, none of them worse than these, are left out")


def test_a_fingerprint_does_not_depend_on_the_line() -> None:
    def fingerprint(line: int, stack: str = "prod-archive") -> Any:
        lines = (Line(file="stacks/archive.py", line=line),)
        diagnostic = Diagnostic("checkov", "C1", "error", "m", stack, BUCKET, lines)
        return sarif([diagnostic])["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(3) == fingerprint(30) == fingerprint(3, "dev-archive, prod-archive")


def test_an_annotation_names_file_line_and_title() -> None:
    assert str(Annotation("error", "no encryption", "checkov CKV_1", "stacks/archive.py", 7)) == (
        "::error file=stacks/archive.py,line=7,title=checkov CKV_1::no encryption"
    )
    assert str(Annotation("warning", "somewhere")) == "::warning::somewhere"


def test_text_in_an_annotation_cannot_end_it_or_begin_a_command() -> None:
    nasty = "100% \r\n::set-output name=x::y"
    text = str(Annotation("error", nasty, f"a:b,c {nasty}", "dir,with:odd/name.py", 1))
    assert "\n" not in text
    assert "\r" not in text
    assert text.startswith("::error file=dir%2Cwith%3Aodd/name.py,line=1,title=a%3Ab%2Cc 100%25 %0D%0A%3A%3Aset")
    assert text.endswith("::100%25 %0D%0A::set-output name=x::y")


def test_annotations_beyond_github_s_limit_are_counted_in_the_last_one() -> None:
    many = [Annotation("warning", f"number {count}") for count in range(14)]
    lines = list(commands([*many, Annotation("error", "worst")]))
    assert lines[0] == "::error::worst"
    assert len(lines) == 11
    assert lines[-1] == "::warning::5 more are in the log and in the SARIF file"
    assert len(list(commands(many[:10]))) == 10


def test_gw_check_writes_sarif_and_annotations(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from groundwork.cli import check

    file = tmp_path / "made" / "findings.sarif"
    check._for_github(verdict(open=[finding()]), out, file, annotations=True)
    jsonschema.validate(json.loads(file.read_text(encoding="utf-8")), SHAPE)
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith(
        "::error file=stacks/blocks/storage/private_bucket.py,line=61,title=checkov CKV_AWS_18::"
    )


def foreign(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """SARIF of our checks with a change to its first run."""
    log = sarif([], tools=CHECKS)
    change(log["runs"][0])
    path = tmp_path / "checks.sarif"
    path.write_text(json.dumps(log), encoding="utf-8")
    return path


def test_sarif_of_our_own_checks_may_be_uploaded(tmp_path: Path) -> None:
    assert require_own(foreign(tmp_path, lambda run: run["results"].append({}))) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run["tool"]["driver"].update(name="CodeQL"),
        lambda run: run["tool"].update(extensions=[{"name": "CodeQL"}]),
        lambda run: run["automationDetails"].update(id="codeql/"),
        lambda run: run["automationDetails"].update(id="groundwork/tflint/"),
    ],
)
def test_sarif_in_another_tool_s_name_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(CheckFailed, match="has results in the name of"):
        require_own(foreign(tmp_path, change))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"runs": [{}]}', '{"runs": [{"tool": 1}]}'])
def test_a_file_that_is_not_sarif_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "checks.sarif"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CheckFailed, match="is not SARIF"):
        require_own(path)
