"""The HCL that a review writes is formatted, complete and free of secrets."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from groundwork.review import hcl, snapshot
from groundwork.review.redaction import Redactor
from tests.review.trees import STACK, resources, tree


def written(terraform: Any, folder: Path) -> str:
    (side,) = snapshot.read(tree(folder / "tree", {STACK: terraform}), redactor=Redactor())
    return hcl.text(side.stacks[STACK])


def test_references_are_expressions_and_templates_stay_strings(tmp_path: Path) -> None:
    body = {"a": "${aws_s3_bucket.b.id}", "b": "x-${aws_s3_bucket.b.id}", "c": '${join(",", ["a"])}', "d": "$${aws:x}"}
    assert written(resources(x_y={"z": body}), tmp_path).splitlines()[1:5] == [
        "  a = aws_s3_bucket.b.id",
        '  b = "x-${aws_s3_bucket.b.id}"',
        '  c = join(",", ["a"])',
        '  d = "$${aws:x}"',
    ]


def test_blocks_and_maps_are_written_differently(tmp_path: Path) -> None:
    body = {"tags": {"a": "b"}, "rule": [{"id": "one"}, {"id": "two"}], "lifecycle": {"prevent_destroy": True}}
    assert written(resources(aws_s3_bucket_lifecycle_configuration={"z": body}), tmp_path) == (
        'resource "aws_s3_bucket_lifecycle_configuration" "z" {\n'
        "  tags = {\n"
        '    a = "b"\n'
        "  }\n"
        "  rule {\n"
        '    id = "one"\n'
        "  }\n"
        "  rule {\n"
        '    id = "two"\n'
        "  }\n"
        "  lifecycle {\n"
        "    prevent_destroy = true\n"
        "  }\n"
        "}\n"
    )


def test_a_policy_is_written_with_jsonencode(tmp_path: Path) -> None:
    text = written(resources(x_y={"z": {"policy": json.dumps({"Statement": [{"Effect": "Allow"}]})}}), tmp_path)
    assert "policy = jsonencode({" in text
    assert 'Effect = "Allow"' in text


def everything() -> dict[str, Any]:
    """Terraform with every kind of value and block."""
    body = {
        "text": 'quotes " and \\ and\nlines and \t and é and \u0001',
        "number": 1.5,
        "nothing": None,
        "empty": [],
        "none": {},
        "list": ["a" * 50, "b" * 50],
        "objects": [[{"a": 1}], [{"b": 2}]],
        "tags": {"a.b/c": "d", "long-key": "e", "x": "${var.name}"},
        "block": {"inner": [{"a": 1, "bcd": 2}]},
        "depends_on": ["x_y.other", "data.x_y.more"],
        "provider": "aws.other",
        "lifecycle": {"ignore_changes": ["tags"], "create_before_destroy": True},
        "json": json.dumps({"a": [{"b": 1}], "deep": {"c": "d"}}),
        "array": json.dumps([1, {"a": "b"}]),
        "password": "not-to-be-seen",
        "template": '${lookup({a = "b"}, "a")}',
    }
    return {
        **resources(x_y={"z": body}, data_x_y={"more": {"a": 1}}),
        "terraform": {
            "backend": {"s3": {"bucket": "b", "encrypt": True}},
            "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
            "required_version": ">= 1.5",
        },
        "provider": {"aws": [{"region": "eu-west-2", "default_tags": [{"tags": {"a": "b"}}]}, {"alias": "other"}]},
        "variable": {"name": {"type": "string", "default": {"a": {"b": 1}}, "description": "d"}},
        "output": {"o": {"value": {"a": {"b": "${x_y.z.id}"}}, "sensitive": False}},
        "locals": {"one": 1, "object": {"a": "b"}},
        "moved": [{"from": "x_y.a", "to": "x_y.z"}],
        "import": [{"to": "x_y.z", "id": "i"}],
    }


@pytest.mark.terraform
@pytest.mark.parametrize("which", ["everything", "the real stacks"])
def test_terraform_fmt_changes_nothing(which: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if which == "everything":
        made = tree(tmp_path / "tree", {STACK: everything()})
    else:
        made = request.getfixturevalue("synthesised")
    (side,) = snapshot.read(made, redactor=Redactor())
    folder = tmp_path / "hcl"
    folder.mkdir()
    for name, stack in side.stacks.items():
        (folder / f"{name}.tf").write_text(hcl.text(stack))
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-no-color", str(folder)],
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "not-to-be-seen" not in "".join(path.read_text() for path in folder.iterdir())
