"""The review recognises renamed resources, and names the line of Python that keeps them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from groundwork.review import construct_ids, make
from groundwork.review.model import Concern, Kind, Line, Review
from tests.review.trees import STACK, resources, review

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
    (risk,) = [risk for risk in report.risks if risk.concern == Concern.DATA_LOSS]
    assert (risk.severity, risk.address) == ("high", "aws_dynamodb_table.new_2B")
    assert risk.sentence == (
        "What was aws_dynamodb_table.old_1A is now aws_dynamodb_table.new_2B: 1 resource, 1 holds data; Terraform "
        "destroys it and creates it again. To avoid that, declare the moves."
    )


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
    assert (change.kind, change.renamed_from, change.moved) == (Kind.RENAMED, "aws_dynamodb_table.old", True)
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
        self.table = table_of(
            self, name, id_="new", title="é"
        )
        x, self.other = 1, Table(self, f"{name}-new")
        self.tables = [Table(self, zone) for zone in "abc"]; Table(self, 'new')


def table_of(scope, name, id_):
    return Table(scope, id_)
"""


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        ([11, 3], (4, 'self, name, id_="old", title="é"')),
        ([7], (7, "self.tables = [Table(self, zone) for zone in \"abc\"]; Table(self, 'old')")),
        ([6], None),
        ([11], None),
    ],
)
def test_the_literal_that_gives_the_id_is_replaced(lines: list[int], written: tuple[int, str] | None) -> None:
    origin = [Line(file="stacks/a.py", line=line) for line in lines]
    literal = construct_ids.written("new", origin, {"stacks/a.py": SOURCE}.get)
    assert (literal and (literal.line.line, literal.with_id("old"))) == written
    assert construct_ids.written("new", origin, lambda _: "no python (") is None


def test_the_moves_belong_into_the_outermost_constructor() -> None:
    origin = [Line(file="stacks/a.py", line=line) for line in (11, 3)]
    assert construct_ids.constructor(origin, {"stacks/a.py": SOURCE}.get) == (
        "Records",
        Line(file="stacks/a.py", line=7),
    )


@pytest.mark.parametrize(
    ("before", "after", "causes"),
    [
        ({"a/b": "1"}, {"x/b": "1"}, ["The id a becomes x: 1 resource"]),
        (
            {"a/b": "1", "a/c": "2"},
            {"x/b": "1", "x/y": "2"},
            ["The id a becomes x: 2 res", "The id c becomes y: 1 res"],
        ),
        ({"a/b": "1"}, {"s/a/b": "1"}, ["What was a/b is now s/a/b: 1 resource"]),
        ({"a/b": "1", "a/c": "2"}, {"b": "1", "c": "2"}, ["What was a is now b and others: 2 resources"]),
        # The old id is in use: nothing else can keep it.
        ({"a/b": "1"}, {"x/b": "1", "a/c": "9"}, ["What was a/b is now x/b: 1 resource"]),
        ({"a": "1"}, {"a": "1"}, ["The logical id of a changes: 1 resource"]),
    ],
)
def test_renames_have_one_cause_for_all_that_it_renames(
    before: dict[str, str], after: dict[str, str], causes: list[str]
) -> None:
    def side(resources_: dict[str, str], prefix: str) -> dict[str, Any]:
        named = {
            f"{prefix}{number}": {**TABLE, "name": name, "//": {"metadata": {"path": f"{STACK}/{path}"}}}
            for number, (path, name) in enumerate(resources_.items())
        }
        return tables(**named)

    risks = [risk for risk in review(side(before, "p"), side(after, "q")).risks if "destroys" in risk.sentence]
    assert [risk.sentence[: len(cause)] for risk, cause in zip(risks, causes, strict=True)] == causes


MAIN = """\
import os
from cdktf import App, DataResource, LocalBackend, TerraformStack

app = App(outdir=os.environ["CDKTF_OUTDIR"])
self = TerraformStack(app, "dev-data")
LocalBackend(self, path=os.environ["STATE"])
DataResource(self, NAME, input={"name": "records", "size": 3})
ADVICE
app.synth()
"""


@pytest.mark.slow
@pytest.mark.terraform
def test_the_advised_moves_make_terraform_keep_the_resource(tmp_path: Path) -> None:
    environ = {**os.environ, "STATE": str(tmp_path / "terraform.tfstate"), "CHECKPOINT_DISABLE": "1"}

    def synth(folder: str, scope: str, advice: str = "") -> Path:
        source, out = tmp_path / folder / "main.py", tmp_path / folder / "out"
        source.parent.mkdir()
        source.write_text(MAIN.replace("self, NAME", scope).replace("ADVICE", advice))
        subprocess.run([sys.executable, str(source)], env={**environ, "CDKTF_OUTDIR": str(out)}, check=True)
        return out

    def terraform(out: Path, *arguments: str) -> str:
        stack = out / "stacks" / "dev-data"
        for words in (["init", "-input=false"], list(arguments)):
            done = subprocess.run(
                ["terraform", *words, "-no-color"], cwd=stack, env=environ, capture_output=True, text=True, check=True
            )
        return done.stdout

    base = synth("base", 'self, "old"')
    terraform(base, "apply", "-auto-approve")
    head = synth("head", '__import__("constructs").Construct(self, "in"), "old"')
    report, _, _ = make.make(base, head, names=("b", "a"))
    (risk,) = report.risks
    assert "1 to add, 0 to change, 1 to destroy" in terraform(head, "plan")

    moved = synth("moved", '__import__("constructs").Construct(self, "in"), "old"', risk.advice)
    report, _, _ = make.make(base, moved, names=("b", "a"))
    assert report.risks == ()
    assert "0 to add, 0 to change, 0 to destroy" in terraform(moved, "plan")
