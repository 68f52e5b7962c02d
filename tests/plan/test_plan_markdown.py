"""What whoever approves reads of a run's plans: every stack, every address, no value, and nothing that is markup."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import UsageError
from groundwork.plan import archive, contents, digest, markdown
from groundwork.plan.bundle import Bundle, Counts, Index, StateAt, Stored, ToolVersions

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def bundle(stack: str, **more: Any) -> Bundle:
    about: dict[str, Any] = {
        "purpose": "apply",
        "outcome": "change",
        "counts": Counts(add=1, change=0, destroy=0),
        "files": {},
        "wave": 0,
        "provisional": False,
        "protected_destroys": (),
        "changes": {"aws_sqs_queue.jobs": "create"},
    }
    return Bundle(
        stack=stack,
        environment="dev",
        commit="c0ffee" + "0" * 34,
        run_id="7",
        run_attempt=2,
        planned_by="ada",
        planned_at=WHEN,
        state=StateAt(lineage="", serial=0),
        tools=ToolVersions(terraform="1.11.4", cdktf="0.21.0", providers={}),
        lock_file_sha256="",
        semantic_digest="0" * 64,
        **(about | more),
    )


def index(*bundles: Bundle, digests: str = "d" * 64) -> Index:
    stored = [
        Stored(
            stack=one.stack,
            location="",
            version_id="",
            digest=digests,
            mac="",
            fingerprint="",
            outcome=one.outcome,
            wave=one.wave,
            provisional=one.provisional,
        )
        for one in bundles
    ]
    return Index(
        environment="dev",
        commit="c0ffee" + "0" * 34,
        run_id="7",
        run_attempt=2,
        planned_at=WHEN,
        bundles=tuple(stored),
        waiting=(),
    )


def shown(*bundles: Bundle, **waiting: str) -> str:
    waits = {stack.replace("_", "-"): words for stack, words in waiting.items()}
    return markdown.summary(index(*bundles), {one.stack: one for one in bundles}, waits)


def test_every_stack_has_a_row_with_what_is_done_to_it_and_when() -> None:
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


def test_data_that_goes_is_said_outside_of_what_is_folded() -> None:
    text = shown(bundle("dev-users", outcome="replace", protected_destroys=("aws_dynamodb_table.users",)))
    assert "- **Data goes with** <code>aws&#95;dynamodb&#95;table.users</code> of <code>dev-users</code>" in text
    assert text.index("Data goes") < text.index("<details>")


def test_a_stack_of_which_outputs_alone_change_says_so() -> None:
    assert "Outputs alone change." in shown(bundle("dev-web", changes={}))


def test_an_address_is_no_markup() -> None:
    text = shown(bundle("dev-web", changes={'aws_sqs_queue.all["</details>|`@acme/platform`\n# x"]': "create"}))
    assert text.count("</details>") == 1
    for markup in ("`", "@acme", "\n# x", '"]|'):
        assert markup not in text


def test_it_stays_shorter_than_what_github_shows() -> None:
    many = {f"aws_sqs_queue.{'q' * 300}[{number}]": "create" for number in range(501)}
    assert "- and 1 more" in shown(bundle("dev-web", changes=many))
    text = shown(*(bundle(f"dev-{number}", changes=many) for number in range(12)))
    assert len(text.encode()) < 1 << 20
    assert "and those behind it do not fit here." in text
    assert "| <code>dev-11</code> | change |" in text


def test_what_is_shown_is_the_plan_that_the_index_names(tmp_path: Path) -> None:
    made = bundle("dev-web")
    packed = archive.pack(tmp_path / "nothing", made)
    with pytest.raises(UsageError, match=r"dev-web\.tar\.gz does not exist"):
        markdown.read(index(made), tmp_path)
    (tmp_path / "dev-web.tar.gz").write_bytes(packed)
    assert markdown.read(index(made, digests=digest.of_bytes(packed)), tmp_path) == {"dev-web": made}
    with pytest.raises(UsageError, match="is not the plan that the index names"):
        markdown.read(index(made), tmp_path)


@pytest.mark.parametrize(
    ("actions", "more", "said"),
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
def test_what_happens_to_a_resource_is_said_without_its_values(
    actions: list[str], more: dict[str, Any], said: str
) -> None:
    change = {"actions": actions, "before": {"name": "a value"}, "after": {"name": "another"}}
    one = {"address": "aws_sqs_queue.jobs", "mode": "managed", "type": "aws_sqs_queue", "change": change}
    for key, value in more.items():
        (one if key == "previous_address" else change)[key] = value
    assert contents.changes({"resource_changes": [one]}) == {"aws_sqs_queue.jobs": said}
