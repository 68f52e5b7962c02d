"""Two synthesised folders are compared attribute by attribute; differences without a meaning do not count."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import SynthesisError
from groundwork.review import checkout, make
from groundwork.review.model import Kind, Line
from tests.review.trees import STACK, changed, resources, review, review_of, tree

BUCKET = {"bucket": "records", "tags": {"team": "platform"}}
METADATA = {"//": {"metadata": {"path": "dev-data/a/b", "uniqueId": "x"}}}


def lifecycle(*rules: dict[str, Any]) -> dict[str, Any]:
    return resources(aws_s3_bucket_lifecycle_configuration={"keep": {"rule": list(rules)}})


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **more)


def queue(text: str) -> dict[str, Any]:
    return resources(aws_sqs_queue_policy={"q": {"queue_url": "u", "policy": text}})


def unchanged(base: Any, head: Any) -> bool:
    report = review(base, head)
    return not report.changed and not report.risks and all(stack.state == "untouched" for stack in report.stacks)


def test_the_same_terraform_is_no_change() -> None:
    assert unchanged(resources(aws_s3_bucket={"b": BUCKET}), resources(aws_s3_bucket={"b": BUCKET}))


def test_metadata_of_constructs_is_ignored() -> None:
    base = resources(aws_s3_bucket={"b": {**BUCKET, **METADATA}})
    head = {**resources(aws_s3_bucket={"b": BUCKET}), "//": {"metadata": {"version": "0.22"}}}
    assert unchanged(base, head)


def test_a_changed_value_is_shown_with_path_and_both_values() -> None:
    base, head = lifecycle({"id": "a", "status": "Enabled"}), lifecycle({"id": "a", "status": "Disabled"})
    assert changed(base, head) == {"rule[0].status": ("Enabled", "Disabled")}


def test_an_element_that_moves_in_a_list_is_compared_with_itself() -> None:
    first, second = {"id": "a", "status": "Enabled"}, {"id": "b", "status": "Enabled"}
    base, head = (
        lifecycle(first, second),
        lifecycle({"id": "new", "status": "Enabled"}, first, {**second, "status": "Disabled"}),
    )
    assert changed(base, head) == {
        "rule[0]": (None, {"id": "new", "status": "Enabled"}),
        "rule[2].status": ("Enabled", "Disabled"),
    }


def test_the_order_of_a_set_does_not_count() -> None:
    group = {"name": "g", "ingress": [{"from_port": 1}, {"from_port": 2}]}
    turned = {**group, "ingress": group["ingress"][::-1]}
    assert unchanged(resources(aws_security_group={"g": group}), resources(aws_security_group={"g": turned}))


def test_the_order_of_a_list_counts() -> None:
    base = resources(aws_lambda_function={"f": {"layers": ["a", "b"]}})
    head = resources(aws_lambda_function={"f": {"layers": ["b", "a"]}})
    assert changed(base, head) == {"layers": (["a", "b"], ["b", "a"])}


@pytest.mark.parametrize("other", [{"a": 1}, {"a": 1, "b": None}])
def test_null_and_absent_are_one_to_terraform(other: dict[str, Any]) -> None:
    """Terraform's language documentation: an argument that is null counts as omitted."""
    tree = resources(x_y={"z": {"a": 1, "b": None}})
    assert not review(tree, resources(x_y={"z": other})).changed
    assert not review(resources(x_y={"z": other}), tree).changed


def test_true_and_one_differ() -> None:
    base, head = resources(x_y={"z": {"on": True}}), resources(x_y={"z": {"on": 1}})
    assert changed(base, head) == {"on": (True, 1)}


def test_a_key_with_a_dot_is_quoted_in_its_path() -> None:
    base, head = resources(x_y={"z": {"tags": {"a.b/c": "1"}}}), resources(x_y={"z": {"tags": {"a.b/c": "2"}}})
    assert changed(base, head) == {'tags["a.b/c"]': ("1", "2")}


def test_an_equivalent_policy_is_not_a_change() -> None:
    statement = {
        "Sid": "A",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": "q",
        "Principal": {"AWS": ["x"]},
    }
    other = {"Sid": "B", "Effect": "Deny", "Action": "sqs:*", "Resource": "q", "Principal": "*"}
    rewritten = {**statement, "Action": "sqs:SendMessage", "Principal": {"AWS": "x"}}
    assert unchanged(queue(policy(statement, other)), queue(policy(other, rewritten, indent=2)))


def test_a_policy_is_compared_statement_by_statement() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "q"}
    other = {"Sid": "B", "Effect": "Allow", "Action": ["sqs:GetQueueUrl"], "Resource": "q"}
    head = queue(policy(other, {**statement, "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"]}))
    assert changed(queue(policy(statement, other)), head) == {
        "policy.Statement[1].Action[0]": (None, "sqs:ReceiveMessage")
    }


def test_json_that_is_not_a_policy_is_compared_as_text() -> None:
    base = resources(aws_lambda_function={"f": {"environment": {"variables": {"ROUTES": '{"a":1}'}}}})
    head = resources(aws_lambda_function={"f": {"environment": {"variables": {"ROUTES": '{"a": 1}'}}}})
    assert changed(base, head) == {"environment.variables.ROUTES": ('{"a":1}', '{"a": 1}')}


def test_added_and_removed_resources_show_their_attributes() -> None:
    report = review(resources(x_y={"old": {"a": 1}}), resources(x_z={"new": {"b": [1]}}))
    new, old = report.stacks[0].resources
    assert (new.kind, new.address, new.attributes[0].after) == (Kind.ADDED, "x_z.new", "[1]")
    assert (old.kind, old.address, old.attributes[0].before) == (Kind.REMOVED, "x_y.old", "1")


def test_every_change_has_its_python_lines_without_those_of_main() -> None:
    report = review(resources(x_y={"z": {"a": 1}}), resources(x_y={"z": {"a": 2}}))
    assert report.stacks[0].resources[0].origin == (Line(file="stacks/dev-data.py", line=1),)


def test_a_removed_resource_has_lines_of_base() -> None:
    report = review(resources(x_y={"z": {"a": 1}}), resources())
    assert report.stacks[0].resources[0].origin == (Line(file="stacks/dev-data.py", line=1, now=0),)


def test_outputs_and_settings_are_compared() -> None:
    base = {"output": {"id": {"value": "a"}}, "terraform": {"backend": {"s3": {"key": "a"}}}, "locals": {"n": 1}}
    head = {
        "output": {"id": {"value": "b", "sensitive": False}},
        "terraform": {"backend": {"s3": {"key": "b"}}},
        "locals": {"n": 2},
    }
    stack = review(base, head).stacks[0]
    assert [(attribute.path, attribute.before, attribute.after) for attribute in stack.outputs] == [
        ("id.sensitive", None, "false"),
        ("id", '"a"', '"b"'),
    ]
    assert {attribute.path for attribute in stack.settings} == {"terraform.backend.s3.key", "locals.n"}


def test_data_sources_are_compared_like_resources() -> None:
    base, head = resources(data_aws_ami={"a": {"owners": ["x"]}}), resources(data_aws_ami={"a": {"owners": ["y"]}})
    assert review(base, head).stacks[0].resources[0].address == "data.aws_ami.a"


def test_added_and_removed_stacks_are_named() -> None:
    terraform = resources(x_y={"z": {"a": 1}})
    report = review_of({"dev-old": terraform, "dev-same": terraform}, {"dev-same": terraform, "dev-new": terraform})
    assert {stack.stack: stack.state for stack in report.stacks} == {
        "dev-same": "untouched",
        "dev-new": "added",
        "dev-old": "removed",
    }
    assert {stack.environment for stack in report.stacks} == {"dev"}


def test_a_block_equals_a_list_of_that_block() -> None:
    base = resources(x_y={"z": {"block": {"a": 1, "b": 2}}})
    head = resources(x_y={"z": {"block": [{"a": 1, "b": 3}]}})
    assert changed(base, head) == {"block[0].b": (2, 3)}


def test_a_stack_is_named_in_its_changes() -> None:
    report = review(resources(x_y={"z": {"a": 1}}), resources(x_y={"z": {"a": 2}}))
    assert report.stacks[0].resources[0].stack == STACK


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("cdk.tf.json", '{"resource": ["x"]}'),
        ("cdk.tf.json", '{"resource": {"x_y": {"z": "no object"}}}'),
        ("cdk.tf.json", "{"),
        ("cdk.tf.json", '{"resource": {"x_y": {"hidden": {}}}, "resource": {"x_y": {"z": {}}}}'),
        ("waivers.json", '[{"source": "no line"}]'),
        ("origins.json", "[1]"),
    ],
)
def test_a_folder_that_cdktf_did_not_write_is_refused_by_name(file: str, text: str, tmp_path: Path) -> None:
    folder = tree(tmp_path / "tree", {STACK: resources(x_y={"z": {"a": 1}})})
    (folder / "stacks" / STACK / file).write_text(text)
    with pytest.raises(SynthesisError, match=r"tree"):
        make.make(folder, folder, names=("b", "a"))


def test_for_a_changed_zip_the_files_that_differ_are_listed(tmp_path: Path) -> None:
    sides = []
    for number, handler in enumerate(("return 1", "return 2")):
        name = f"assets/package/{number}/f.zip"
        made = tree(tmp_path / f"made{number}", {STACK: resources(aws_lambda_function={"f": {"filename": name}})})
        path = made / "stacks" / STACK / name
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("handler.py", handler)
            archive.writestr("same.py", "")
        sides.append(checkout.copy_synthesised(made, tmp_path / f"kept{number}", environments=["dev"]))
    report, _, _ = make.make(*sides, names=("b", "a"))
    (change,) = report.stacks[0].resources
    assert [attribute.path for attribute in change.attributes] == ["filename", "filename: handler.py"]
