"""`gw check`: checkov and tflint look at every stack, and a finding passes only with a waiver that still holds."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from groundwork.checks import checkov, run, tflint
from groundwork.checks.findings import Finding, Waiver, address_at, judge
from groundwork.errors import CheckFailed
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from tests.support.application import synthesise

TODAY = date(2026, 6, 1)
FINDING = Finding("checkov", "CKV_AWS_18", "dev-archive", "aws_s3_bucket.records", "logging")


def waiver(**changes: object) -> Waiver:
    values = {
        "stack": "dev-archive",
        "address": "aws_s3_bucket.records",
        "check": "CKV_AWS_18",
        "reason": "this bucket receives the access logs of all others",
        "expires": date(2026, 12, 31),
        "source": "archive.py:12",
    }
    return Waiver(**{**values, **changes})  # type: ignore[arg-type]


def test_a_waived_finding_passes() -> None:
    verdict = judge([FINDING], [waiver()], TODAY)
    assert verdict.clean
    assert verdict.waived == [FINDING]


@pytest.mark.parametrize(
    "other", [{"stack": "prod-archive"}, {"address": "aws_s3_bucket.logs"}, {"check": "CKV_AWS_21"}]
)
def test_a_waiver_covers_one_check_on_one_resource_of_one_stack(other: dict[str, str]) -> None:
    verdict = judge([FINDING], [waiver(**other)], TODAY)
    assert verdict.open == [FINDING]
    assert len(verdict.unused) == 1


def test_a_waiver_holds_to_the_end_of_its_last_day() -> None:
    assert judge([FINDING], [waiver(expires=TODAY)], TODAY).clean
    late = judge([FINDING], [waiver(expires=date(2026, 5, 31))], TODAY)
    assert late.open == [FINDING]
    assert len(late.expired) == 1


def test_a_waiver_that_no_finding_needs_fails_the_check() -> None:
    assert not judge([], [waiver()], TODAY).clean


def stack(folder: Path, name: str, resources: dict[str, object], **terraform: object) -> Path:
    path = folder / name
    path.mkdir()
    required = {"required_providers": {"aws": {"source": "aws", "version": "5.100.0"}}, **terraform}
    text = json.dumps({"resource": resources, "terraform": required}, indent=2)
    (path / "cdk.tf.json").write_text(text, encoding="utf-8")
    (path / "waivers.json").write_text("[]", encoding="utf-8")
    return path


CHECKOV = Path(sys.executable).with_name("checkov")


def run_checkov(*folders: Path) -> list[Finding]:
    return checkov.run(folders, program=CHECKOV, environ=os.environ)


@pytest.mark.slow
def test_checkov_s_findings_name_stack_and_address(tmp_path: Path) -> None:
    function = {"function_name": "f", "role": "arn:aws:iam::111122223333:role/f"}
    resources = {"aws_vpc": {"both": {"cidr_block": "10.0.0.0/16"}}, "aws_lambda_function": {"both": function}}
    network = stack(tmp_path, "dev-network", resources)
    empty = stack(tmp_path, "dev-empty", {})
    reported = {(finding.stack, finding.address, finding.check) for finding in run_checkov(network, empty)}
    assert ("dev-network", "aws_vpc.both", "CKV2_AWS_11") in reported
    assert ("dev-network", "aws_lambda_function.both", "CKV_AWS_116") in reported
    assert {name for name, _, _ in reported} == {"dev-network"}


TABLE = {"aws_dynamodb_table": {"new": {"name": "t", "hash_key": "id", "attribute": [{"name": "id", "type": "S"}]}}}
MOVED = [{"from": "aws_dynamodb_table.old", "to": "aws_dynamodb_table.new"}]
FORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "moved": {"moved": MOVED},
    "import": {"import": [{"to": "aws_dynamodb_table.new", "id": "t"}]},
    "removed": {"removed": [{"from": "aws_dynamodb_table.old", "lifecycle": {"destroy": False}}]},
    "check": {"check": {"x": {"assert": [{"condition": "${true}", "error_message": "no"}]}}},
    "ephemeral": {"ephemeral": {"aws_kms_secrets": {"x": {"secret": []}}}},
    "required_version": {"terraform": {"required_version": ">= 1.9"}},
    "provider": {"provider": {"aws": {"region": "eu-west-2"}}},
    "in a list": {"resource": {"aws_dynamodb_table": {"new": [TABLE["aws_dynamodb_table"]["new"]]}}},
}
"""What Terraform allows in a file, by what is special about it."""


@pytest.mark.slow
def test_checkov_checks_a_stack_whatever_else_terraform_allows_in_it(tmp_path: Path) -> None:
    """The blocks of https://developer.hashicorp.com/terraform/language; `moved` is what a review recommends."""
    folders = []
    for number, form in enumerate(FORMS.values()):
        (folder := tmp_path / f"dev-{number}").mkdir()
        (folder / "cdk.tf.json").write_text(json.dumps({"resource": TABLE, **form}, indent=2), encoding="utf-8")
        folders.append(folder)
    checks: dict[str, set[tuple[str, str]]] = {folder.name: set() for folder in folders}
    for finding in run_checkov(*folders):
        checks[finding.stack].add((finding.address, finding.check))
    assert ("aws_dynamodb_table.new", "CKV_AWS_119") in checks["dev-0"]
    assert {name: len(reported) for name, reported in checks.items()} == dict.fromkeys(checks, len(checks["dev-0"]))


@pytest.mark.parametrize("body", [[{"name": "a"}, {"name": "b"}], "${local.it}"])
def test_a_resource_that_checkov_cannot_read_fails_the_check_by_name(tmp_path: Path, body: object) -> None:
    folder = stack(tmp_path, "dev-x", {"aws_s3_bucket": {"logs": body}})
    with pytest.raises(CheckFailed, match=r"dev-x: resource\.aws_s3_bucket\.logs is not an object"):
        run_checkov(folder)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["variable", "home", "folder"])
def test_settings_of_the_user_do_not_switch_a_check_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    network = stack(tmp_path, "dev-network", {"aws_vpc": {"vpc": {"cidr_block": "10.0.0.0/16"}}})
    home = tmp_path / "home"
    home.mkdir()
    environ = {**os.environ, "HOME": str(home)}
    if where == "variable":
        environ["CKV_SKIP_CHECK"] = "CKV2_AWS_11"
    else:
        text = "skip-check: [CKV2_AWS_11]\n"
        ((home if where == "home" else tmp_path) / ".checkov.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "CKV2_AWS_11" in {f.check for f in checkov.run([network], program=CHECKOV, environ=environ)}


NOTHING = {"passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": []}


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ({**NOTHING, "parsing_errors": ["/dev-network/cdk.tf.json"]}, "could not parse /dev-network/cdk.tf.json"),
        (NOTHING, "zero checks on dev-network"),
        ({**NOTHING, "skipped_checks": [{}]}, "skipped 1 checks"),
    ],
)
def test_an_incomplete_report_fails_the_check(tmp_path: Path, results: object, sentence: str) -> None:
    folder = stack(tmp_path, "dev-network", {"aws_vpc": {"vpc": {"cidr_block": "x"}}})
    with pytest.raises(CheckFailed, match=sentence):
        checkov.read({"results": results}, {"dev-network": folder / "cdk.tf.json"})


def test_a_checkov_that_crashes_fails_the_check(tmp_path: Path) -> None:
    silent = tmp_path / "checkov"
    silent.write_text("#!/bin/sh\necho out of memory >&2\nexit 3\n", encoding="utf-8")
    silent.chmod(0o755)
    with pytest.raises(CheckFailed, match=r"no report \(exit code 3\):\nout of memory"):
        checkov.run([stack(tmp_path, "dev-x", {})], program=silent, environ=os.environ)


def test_the_line_of_a_finding_gives_its_address(tmp_path: Path) -> None:
    folder = stack(tmp_path, "dev-network", {"aws_vpc": {"a": {"cidr_block": "x"}, "b": {"cidr_block": "y"}}})
    lines = (folder / "cdk.tf.json").read_text(encoding="utf-8").splitlines()
    addresses = {line.strip(): address_at(lines, number) for number, line in enumerate(lines, start=1)}
    assert addresses['"cidr_block": "x"'] == "aws_vpc.a"
    assert addresses['"cidr_block": "y"'] == "aws_vpc.b"
    assert addresses['"source": "aws",'] == ""


def test_waivers_are_read_from_the_synthesised_stack_s_folder(tmp_path: Path) -> None:
    folder = stack(tmp_path, "dev-archive", {})
    entry = {key: str(value) for key, value in vars(waiver()).items() if key != "stack"}
    (folder / "waivers.json").write_text(json.dumps([entry]), encoding="utf-8")
    assert run.waivers([folder]) == [waiver()]


def test_a_stack_without_its_list_of_waivers_is_refused(tmp_path: Path) -> None:
    folder = stack(tmp_path, "dev-archive", {})
    (folder / "waivers.json").unlink()
    with pytest.raises(CheckFailed, match=r"waivers\.json of dev-archive is missing"):
        run.waivers([folder, stack(tmp_path, "dev-network", {})])
    assert run.waivers([folder]) == [], "an app that writes no lists has no waivers"


@pytest.fixture(scope="session")
def checkers(checkout: Path) -> run.Checkers:
    """The programs of the gate, as `make setup` leaves them."""
    project = Project(checkout)
    programs = {name: go_tools.find(name, os.environ, project) for name in ("tflint", "tflint-ruleset-aws")}
    if missing := [name for name, located in programs.items() if located is None]:
        pytest.skip(f"{' and '.join(missing)} not built; `make setup` builds them")
    tflint_at, ruleset = programs["tflint"], programs["tflint-ruleset-aws"]
    assert tflint_at
    assert ruleset
    return run.Checkers(CHECKOV, tflint_at.path, ruleset.path.parent, os.environ)


def run_tflint(checkers: run.Checkers, *folders: Path) -> list[Finding]:
    return tflint.run(folders, program=checkers.tflint, plugins=checkers.tflint_plugins, environ=checkers.environ)


@pytest.mark.slow
def test_tflint_knows_aws_and_names_stack_and_address(tmp_path: Path, checkers: run.Checkers) -> None:
    good = {"ami": "ami-12345678", "instance_type": "t3.micro"}
    folder = stack(tmp_path, "dev-x", {"aws_instance": {"a": good, "b": {**good, "instance_type": "t3.enormous"}}})
    (finding,) = run_tflint(checkers, folder)
    assert finding == Finding("tflint", "aws_instance_invalid_type", "dev-x", "aws_instance.b", finding.what)
    assert "t3.enormous" in finding.what


def test_a_comment_that_could_switch_tflint_off_is_refused(tmp_path: Path) -> None:
    folder = stack(tmp_path, "dev-x", {})
    (folder / "cdk.tf.json").write_text('{"//": "tflint-ignore-file: all"}', encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"dev-x: .*tflint-ignore-file: all"):
        tflint.run([folder], program=tmp_path / "tflint", plugins=tmp_path, environ={})


@pytest.mark.slow
def test_no_comment_but_the_refused_one_switches_tflint_off(tmp_path: Path, checkers: run.Checkers) -> None:
    """tflint reads annotations of JSON at the root only; elsewhere, and in an object, they must stay without effect."""
    ignore = "tflint-ignore-file: all"
    folder = stack(
        tmp_path, "dev-x", {"aws_instance": {"a": {"//": ignore, "ami": "ami-1", "instance_type": "t9.huge"}}}
    )
    document = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
    text = json.dumps({"//": {"metadata": ignore, "tflint-ignore-file": "all"}, **document}, indent=2)
    (folder / "cdk.tf.json").write_text(text, encoding="utf-8")
    assert "aws_instance_invalid_type" in {finding.check for finding in run_tflint(checkers, folder)}


@pytest.mark.slow
def test_a_tflint_without_its_ruleset_fails_the_check(tmp_path: Path, checkers: run.Checkers) -> None:
    nothing = tmp_path / "plugins"
    nothing.mkdir()
    with pytest.raises(CheckFailed, match="tflint"):
        tflint.run([stack(tmp_path, "dev-x", {})], program=checkers.tflint, plugins=nothing, environ=checkers.environ)


def test_an_error_that_tflint_reports_fails_the_check(tmp_path: Path) -> None:
    folder = stack(tmp_path, "dev-x", {})
    with pytest.raises(CheckFailed, match="could not check dev-x:\nno such plugin"):
        tflint.read({"issues": [], "errors": [{"message": "no such plugin"}]}, folder)


def test_if_one_checker_fails_the_other_is_stopped(tmp_path: Path) -> None:
    failing, sleeping = tmp_path / "failing", tmp_path / "sleeping"
    failing.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    sleeping.write_text("#!/bin/sh\nexec sleep 300\n", encoding="utf-8")
    for program in (failing, sleeping):
        program.chmod(0o755)
    began = time.monotonic()
    checkers = run.Checkers(failing, sleeping, tmp_path, os.environ)
    with pytest.raises(CheckFailed, match="checkov wrote no report"):
        run.run_checks([stack(tmp_path, "dev-x", {})], checkers, today=TODAY)
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_every_stack_of_every_environment_is_clean_and_every_waiver_needed(
    synthesised: Path, checkers: run.Checkers
) -> None:
    folders = sorted(path.parent for path in (synthesised / "stacks").glob("*/cdk.tf.json"))
    verdict = run.run_checks(folders, checkers, today=datetime.now(UTC).date())
    refused = [*verdict.open, *verdict.expired, *verdict.unused]
    assert verdict.clean, "\n".join(map(str, refused))
    assert verdict.waived, "checkov always has findings on these stacks, so none means it did not run"


@pytest.mark.slow
def test_stacks_are_clean_with_optional_features_switched_on(
    checkout: Path, tmp_path: Path, checkers: run.Checkers
) -> None:
    """State in two regions and signed code, which no committed environment has."""
    yaml = YAML(typ="safe")
    values = yaml.load(checkout / "environments/prod.yaml")
    home, account = values["region"], values["accounts"]["main"]["id"]
    values["state"] = {**values.get("state", {}), "replica_region": {"eu-west-1": "eu-west-2"}.get(home, "eu-west-1")}
    profile = f"arn:aws:signer:{home}:{account}:/signing-profiles/release/Abc1234567"
    api = values["api"]
    values["api"] = {**api, "function": {**api.get("function", {}), "signing_profile_arns": [profile]}}
    (tmp_path / "environments").mkdir()
    yaml.dump(values, tmp_path / "environments/prod.yaml")
    synthesise(checkout, tmp_path / "out", environments=tmp_path / "environments")
    folders = [tmp_path / "out/stacks" / stack for stack in ("prod-api", "prod-state-backend")]
    verdict = run.run_checks(folders, checkers, today=datetime.now(UTC).date())
    assert verdict.clean, "\n".join(map(str, [*verdict.open, *verdict.expired, *verdict.unused]))
