"""The summary of plans that an approver reads: every stack and address, no values, and no foreign markup."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import UsageError
from groundwork.plan import archive, contents, digest, markdown
from groundwork.plan.bundle import Bundle, Counts, Index
from tests.support import sample_bundles

RUN = {
    "environment": "dev",
    "commit": "c0ffee" + "0" * 34,
    "run_id": "7",
    "run_attempt": 2,
    "planned_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
}


def bundle(stack: str, **changes: Any) -> Bundle:
    return sample_bundles.bundle(**{**RUN, "stack": stack, "changes": {"aws_sqs_queue.jobs": "create"}, **changes})


def index(*bundles: Bundle, digests: str = "d" * 64) -> Index:
    stored = [
        sample_bundles.stored(
            stack=each.stack, digest=digests, outcome=each.outcome, wave=each.wave, provisional=each.provisional
        )
        for each in bundles
    ]
    return sample_bundles.index(*stored, **RUN)


def shown(*bundles: Bundle, **waiting: str) -> str:
    waits = {stack.replace("_", "-"): words for stack, words in waiting.items()}
    return markdown.summary(index(*bundles), {each.stack: each for each in bundles}, waits, {})


def test_every_stack_has_a_row_with_its_outcome_counts_and_wave() -> None:
    text = shown(
        bundle("dev-network", outcome="no change", counts=Counts(add=0, change=0, destroy=0), changes={}),
        bundle("dev-queue", counts=Counts(add=1, change=2, destroy=3), wave=1, provisional=True),
        bundle("dev-old", purpose="destroy", outcome="destroy", counts=Counts(add=0, change=0, destroy=1)),
        dev_api="for dev-queue (url unknown until then)",
    )
    assert "Commit <code>c0ffee000000</code>, run 7 attempt 2, 2026-01-02 03:04 UTC." in text
    assert "| <code>dev-network</code> | no change | 0 | 0 | 0 | 0 | <code>dddddddddddd</code> |" in text
    assert "| <code>dev-queue</code> | change | 1 | 2 | 3 | 1, provisional |" in text
    assert "| <code>dev-old</code> | **destroy (end of the stack)** | 0 | 0 | 1 |" in text
    assert "| <code>dev-api</code> | waits for dev-queue &#40;url unknown until then&#41; | | | | later | |" in text
    assert "<details><summary><code>dev-queue</code>: 1 resource</summary>" in text
    assert "<details><summary><code>dev-network</code>" not in text


def test_data_that_is_lost_is_shown_outside_of_folded_sections() -> None:
    text = shown(bundle("dev-users", outcome="replace", protected_destroys=("aws_dynamodb_table.users",)))
    assert "- **Data is lost with** <code>aws&#95;dynamodb&#95;table.users</code> of <code>dev-users</code>" in text
    assert text.index("Data is lost") < text.index("<details>")


def test_a_stack_whose_outputs_alone_change_is_marked() -> None:
    assert "Only outputs change." in shown(bundle("dev-web", changes={}))


def test_an_address_cannot_contain_markup() -> None:
    text = shown(bundle("dev-web", changes={'aws_sqs_queue.all["</details>|`@acme/platform`\n# x"]': "create"}))
    assert text.count("</details>") == 1
    for markup in ("`", "@acme", "\n# x", '"]|'):
        assert markup not in text


def test_the_summary_is_cut_to_the_length_that_github_shows() -> None:
    many = {f"aws_sqs_queue.{'q' * 300}[{number}]": "create" for number in range(501)}
    text = shown(*(bundle(f"dev-{number}", changes=many) for number in range(12)))
    assert len(text.encode()) < 1 << 20
    assert "The rest does not fit here." in text
    assert "| <code>dev-11</code> | change |" in text


def test_only_the_bundles_that_the_index_names_are_shown(tmp_path: Path) -> None:
    made = bundle("dev-web")
    packed = archive.pack(tmp_path / "nothing", made)
    with pytest.raises(UsageError, match=r"dev-web\.tar\.gz does not exist"):
        markdown.read(index(made), tmp_path)
    (tmp_path / "dev-web.tar.gz").write_bytes(packed)
    assert markdown.read(index(made, digests=digest.of_bytes(packed)), tmp_path) == {"dev-web": made}
    with pytest.raises(UsageError, match="is not the plan that the index names"):
        markdown.read(index(made), tmp_path)


@pytest.mark.parametrize(
    ("actions", "more", "expected"),
    [
        (["update"], {}, "change"),
        (["delete"], {}, "destroy"),
        (["create", "delete"], {}, "replace"),
        (["forget"], {}, "forget"),
        (["no-op"], {"importing": {"id": "an id"}}, "import"),
        (["no-op"], {"previous_address": "aws_sqs_queue.old"}, "move from aws_sqs_queue.old"),
        (["update"], {"previous_address": "aws_sqs_queue.old"}, "move from aws_sqs_queue.old and change"),
    ],
)
def test_the_change_of_a_resource_is_shown_without_its_values(
    actions: list[str], more: dict[str, Any], expected: str
) -> None:
    change = {"actions": actions, "before": {"name": "a value"}, "after": {"name": "another"}}
    resource = {"address": "aws_sqs_queue.jobs", "mode": "managed", "type": "aws_sqs_queue", "change": change}
    for key, value in more.items():
        (resource if key == "previous_address" else change)[key] = value
    assert contents.changes({"resource_changes": [resource]}) == {"aws_sqs_queue.jobs": expected}
