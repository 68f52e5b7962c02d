"""An approver sees every attribute that a plan changes, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groundwork.plan import attributes, markdown
from groundwork.review.render import parts
from tests.plan.test_plan_markdown import bundle, index

SECRET = "hunter2hunter2"


def resource(change: dict[str, Any], *, type_: str = "aws_sqs_queue", **more: Any) -> dict[str, Any]:
    return {"address": f"{type_}.jobs", "mode": "managed", "type": type_, "change": change, **more}


def shown(*resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    """The summary of a plan of one stack."""
    plan = {"resource_changes": list(resources), "output_changes": outputs or {}}
    made = bundle("dev-web")
    return markdown.summary(index(made), {"dev-web": made}, {}, {"dev-web": attributes.of_plan("dev-web", plan)})


def update(before: Any, after: Any, **more: Any) -> dict[str, Any]:
    return {"actions": ["update"], "before": before, "after": after, **more}


def test_each_changed_attribute_has_its_value_before_and_after() -> None:
    change = update({"name": "jobs", "delay": 1, "tags": {"a": "x"}}, {"name": "jobs", "delay": 2, "tags": {"a": "y"}})
    text = shown(resource(change))
    assert "**change** `aws_sqs_queue.jobs`" in text
    for line in ("- delay = 1", "+ delay = 2", '- tags.a = "x"', '+ tags.a = "y"'):
        assert line in text
    assert "name" not in text


def test_a_new_resource_shows_what_is_set_and_what_only_the_apply_decides() -> None:
    change = {
        "actions": ["create"],
        "before": None,
        "after": {"name": "jobs", "policy": None, "rule": [{"days": 1}]},
        "after_unknown": {"arn": True, "rule": [{"id": True}]},
    }
    text = shown(resource(change))
    assert "**create** `aws_sqs_queue.jobs`" in text
    assert '+ arn = "(known after apply)"' in text
    assert '"id": "(known after apply)"' in text
    assert '+ name = "jobs"' in text
    assert "policy" not in text


def test_a_replacement_names_the_attribute_that_forces_it() -> None:
    change = update({"name": "a"}, {"name": "b"}, replace_paths=[["name"]]) | {"actions": ["delete", "create"]}
    text = shown(resource(change))
    assert "`±` **replace** `aws_sqs_queue.jobs`" in text
    assert "! name cannot be changed in place: Terraform replaces the resource" in text


def test_a_move_and_an_import_are_named() -> None:
    moved = resource(update({}, {}) | {"actions": ["no-op"]}, previous_address="aws_sqs_queue.old")
    assert "**move from aws" in shown(moved)
    assert "`aws_sqs_queue.old` → `aws_sqs_queue.jobs`" in shown(moved)
    assert "**import**" in shown(resource(update({}, {}, importing={"id": "1"}) | {"actions": ["no-op"]}))


def test_no_secret_is_shown_wherever_it_occurs() -> None:
    marked = update({"input": "old"}, {"input": SECRET, "text": f"a {SECRET}"}, after_sensitive={"input": True})
    named = update({"environment": {"DB_PASSWORD": "old"}}, {"environment": {"DB_PASSWORD": SECRET}})
    schema = update({"password": None, "x": 1}, {"password": SECRET, "x": 2})
    copied = update({"note": "none"}, {"note": f"see {SECRET}"})
    text = shown(
        resource(marked, type_="terraform_data"),
        resource(named, type_="aws_lambda_function"),
        resource(schema, type_="aws_db_instance"),
        resource(copied),
        outputs={"api_password": update(None, SECRET), "url": update("a", "b"), "s": update("a", SECRET)},
    )
    assert SECRET not in text
    assert text.count("(sensitive)") >= 4
    assert '+ url = "b"' in text


def test_a_sensitive_output_is_hidden_and_a_removed_one_listed() -> None:
    removed = {"actions": ["delete"], "before": "gone", "after": None}
    hidden = update("a", SECRET, before_sensitive=True, after_sensitive=True)
    text = shown(outputs={"old": removed, "token": hidden})
    assert '- old = "gone"' in text
    assert SECRET not in text


def test_what_does_not_fit_into_a_summary_is_left_out() -> None:
    change = {"actions": ["create"], "before": None, "after": {f"a{n}": "v" * 500 for n in range(2000)}}
    text = shown(resource(change))
    assert len(text.encode()) < 1 << 20
    assert text.endswith("The rest does not fit here.\n")
    assert text.count("<details>") == text.count("</details>") == 1
    assert parts.MARKER not in text


def test_the_attributes_lie_beside_the_bundle_for_their_owner_alone(tmp_path: Path) -> None:
    made = attributes.of_plan("dev-web", {"resource_changes": [resource(update({"a": 1}, {"a": 2}))]})
    attributes.write(made, tmp_path)
    assert attributes.read("dev-web", tmp_path) == made
    assert attributes.read("dev-other", tmp_path) is None
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
