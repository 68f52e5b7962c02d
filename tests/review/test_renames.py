"""The review recognises renamed resources, and names the line of Python that keeps them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from groundwork.review import make, python_names
from groundwork.review.model import Concern, Kind, Line, ResourceChange, Review
from groundwork.review.snapshot import Resource
from tests.review.trees import resources, review

TABLE = {"name": "records", "hash_key": "id", "billing_mode": "PAY_PER_REQUEST", "deletion_protection_enabled": True}


def tables(**named: dict[str, Any]) -> dict[str, Any]:
    return resources(aws_dynamodb_table=named)


def renamed(report: Review) -> list[tuple[str, str]]:
    return [
        (resource.renamed_from, resource.address)
        for resource in report.stacks[0].resources
        if resource.kind == Kind.RENAMED
    ]


def test_an_equal_resource_at_another_address_is_a_rename_with_advice() -> None:
    report = review(tables(old_1A=TABLE), tables(new_2B=TABLE))
    (change,) = report.stacks[0].resources
    assert (change.kind, change.renamed_from, change.attributes) == (Kind.RENAMED, "aws_dynamodb_table.old_1A", ())
    assert '.move_from_id("aws_dynamodb_table.old_1A")' in change.advice
    assert '.override_logical_id("old_1A")' in change.advice
    (risk,) = [risk for risk in report.risks if risk.concern == Concern.DATA_LOSS]
    assert risk.severity == "high"


def test_a_similar_resource_is_a_rename_that_shows_what_differs() -> None:
    report = review(tables(old=TABLE), tables(new={**TABLE, "deletion_protection_enabled": False}))
    (change,) = report.stacks[0].resources
    assert change.kind == Kind.RENAMED
    assert [attribute.path for attribute in change.attributes] == ["deletion_protection_enabled"]


def test_a_different_resource_of_the_type_is_not_a_rename() -> None:
    other = {"name": "sessions", "hash_key": "token", "range_key": "at", "billing_mode": "PROVISIONED"}
    assert renamed(review(tables(old=TABLE), tables(new=other))) == []


def test_a_resource_that_would_be_replaced_anyway_is_not_a_rename() -> None:
    assert renamed(review(tables(old=TABLE), tables(new={**TABLE, "name": "other"}))) == []


def test_a_moved_block_is_a_rename_without_data_loss() -> None:
    head = tables(new=TABLE) | {"moved": [{"from": "aws_dynamodb_table.old", "to": "aws_dynamodb_table.new"}]}
    report = review(tables(old=TABLE), head)
    (change,) = report.stacks[0].resources
    assert (change.kind, change.renamed_from, change.advice) == (Kind.RENAMED, "aws_dynamodb_table.old", "")
    assert [risk for risk in report.risks if risk.concern == Concern.DATA_LOSS] == []
    assert report.stacks[0].settings == ()


def test_a_chain_of_moved_blocks_is_followed() -> None:
    moved = [
        {"from": "aws_dynamodb_table.a", "to": "aws_dynamodb_table.b"},
        {"from": "aws_dynamodb_table.b", "to": "aws_dynamodb_table.c"},
    ]
    assert renamed(review(tables(a=TABLE), tables(c=TABLE) | {"moved": moved})) == [
        ("aws_dynamodb_table.a", "aws_dynamodb_table.c")
    ]


def test_a_removed_moved_block_is_shown() -> None:
    moved = {"moved": [{"from": "x_y.a", "to": "aws_dynamodb_table.t"}]}
    report = review(tables(t=TABLE) | moved, tables(t=TABLE))
    assert [setting.path for setting in report.stacks[0].settings] == ["moved"]


def test_references_to_a_renamed_resource_are_not_changes() -> None:
    def both(name: str) -> dict[str, Any]:
        policy = json.dumps(
            {"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": f"${{aws_kms_key.{name}.arn}}"}]}
        )
        return {
            **resources(
                aws_kms_key={name: {"description": "k", "enable_key_rotation": True, "policy": policy}},
                aws_kms_alias={"alias": {"name": "alias/a", "target_key_id": f"${{aws_kms_key.{name}.id}}"}},
            ),
            "output": {"key": {"value": f"${{aws_kms_key.{name}.arn}}"}},
        }

    stack = review(both("old"), both("new")).stacks[0]
    assert [resource.address for resource in stack.resources] == ["aws_kms_key.new"]
    assert stack.outputs == ()


def test_resources_that_only_refer_to_each_other_are_renamed_together() -> None:
    def nested(prefix: str) -> dict[str, Any]:
        return resources(
            aws_route_table={f"{prefix}_t": {"vpc_id": "${aws_vpc.v.id}"}},
            aws_route={f"{prefix}_r": {"route_table_id": f"${{aws_route_table.{prefix}_t.id}}"}},
        )

    assert sorted(renamed(review(nested("one"), nested("two")))) == [
        ("aws_route.one_r", "aws_route.two_r"),
        ("aws_route_table.one_t", "aws_route_table.two_t"),
    ]


def test_of_many_similar_resources_each_is_matched_with_its_own() -> None:
    def subnets(prefix: str) -> dict[str, Any]:
        return resources(
            aws_subnet={
                f"{prefix}_{zone}": {"cidr_block": f"10.0.{n}.0/24", "vpc_id": "v"} for n, zone in enumerate("abc")
            }
        )

    report = review(subnets("private"), subnets("inner"))
    assert sorted(renamed(report)) == [(f"aws_subnet.private_{z}", f"aws_subnet.inner_{z}") for z in "abc"]


SOURCE = """\
class Records(Construct):
    def __init__(self, scope):
        self.table = DynamodbTable(
            self, "new", name="records"
        )
        DynamodbTable(self, "other")
        self.tables = [DynamodbTable(self, zone) for zone in "abc"]
"""


@pytest.mark.parametrize(
    ("line", "name"), [(3, "self.table"), (4, "self.table"), (6, "records"), (7, "records"), (99, "records")]
)
def test_the_advice_uses_the_resource_s_name_in_the_code(line: int, name: str) -> None:
    resource = Resource("x_y.new", "x_y", "new", {}, "block/Records", (Line(file="stacks/a.py", line=line),))
    assert python_names.name(resource, {"stacks/a.py": SOURCE}.get) == name
    assert python_names.name(resource, lambda _: "no python (") == "records"


MAIN = """\
import os
from cdktf import App, DataResource, LocalBackend, TerraformStack

app = App(outdir=os.environ["CDKTF_OUTDIR"])
stack = TerraformStack(app, "dev-data")
LocalBackend(stack, path=os.environ["STATE"])
table = DataResource(stack, NAME, input={"name": "records", "size": 3})
ADVICE
app.synth()
"""


@pytest.mark.slow
@pytest.mark.terraform
def test_each_advised_line_makes_terraform_keep_the_resource(tmp_path: Path) -> None:
    environ = {**os.environ, "STATE": str(tmp_path / "terraform.tfstate"), "CHECKPOINT_DISABLE": "1"}

    def synth(folder: str, name: str, advice: str = "") -> Path:
        source, out = tmp_path / folder / "main.py", tmp_path / folder / "out"
        source.parent.mkdir()
        source.write_text(MAIN.replace("NAME", repr(name)).replace("ADVICE", advice))
        subprocess.run([sys.executable, str(source)], env={**environ, "CDKTF_OUTDIR": str(out)}, check=True)
        return out

    def terraform(out: Path, *arguments: str) -> str:
        stack = out / "stacks" / "dev-data"
        for words in (["init", "-input=false"], list(arguments)):
            done = subprocess.run(
                ["terraform", *words, "-no-color"], cwd=stack, env=environ, capture_output=True, text=True, check=True
            )
        return done.stdout

    def change(head: Path) -> ResourceChange | None:
        report, _, _ = make.make(base, head, names=("b", "a"))
        assert len(report.stacks[0].resources) <= 1
        return next(iter(report.stacks[0].resources), None)

    base, head = synth("base", "old"), synth("head", "new")
    terraform(base, "apply", "-auto-approve")
    renamed_ = change(head)
    assert renamed_ is not None
    assert "1 to add, 0 to change, 1 to destroy" in terraform(head, "plan")

    moving, _, keeping = renamed_.advice.partition("# or keep the address: ")
    moved = synth("moved", "new", moving.replace("new.", "table.", 1))
    moved_change = change(moved)
    assert moved_change is not None
    assert moved_change.advice == ""
    assert "0 to add, 0 to change, 0 to destroy" in terraform(moved, "plan")

    unmoved = synth("kept", "new", keeping.replace("new.", "table.", 1))
    assert change(unmoved) is None
    assert "No changes" in terraform(unmoved, "plan")
