"""Main's plans compared with what the pull request's run showed, whose artifact may be anything."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from groundwork.github import shown
from groundwork.github.api import GitHub
from groundwork.github.shown import NotShown, planned
from groundwork.plan import as_shown, attributes
from groundwork.plan.attributes import Attributes

COMMIT, HEAD = "c" * 40, "b" * 40
BLOB = "https://artifacts.example/report.zip?signature=one-minute"


def plan(**after: Any) -> dict[str, Any]:
    """A plan in Terraform's JSON that changes the resource `terraform_data.page`."""
    change = {"actions": ["update"], "before": {"colour": "blue", "size": 1}, "after": {"size": 1, **after}}
    resource = {"address": "terraform_data.page", "type": "terraform_data", "mode": "managed", "change": change}
    return {"resource_changes": [resource], "output_changes": {}}


def changes(stack: str = "dev-web", **after: Any) -> Attributes:
    return attributes.of_plan(stack, plan(**after))


def report(*stacks: Attributes) -> bytes:
    """What `gw diff --json` writes."""
    entries = [{"stack": each.stack, "status": "change", "attributes": each.model_dump(mode="json")} for each in stacks]
    return json.dumps([*entries, {"stack": "dev-api", "status": "untouched", "attributes": None}]).encode()


def zipped(content: bytes, name: str = "dev.json") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../stacks/evil.py", "raise SystemExit")
        archive.writestr(name, content)
    return packed.getvalue()


def github(packed: bytes, *, handler: Callable[[str], Any] = lambda _: None, **about: Any) -> GitHub:
    """GitHub as github/rest-api-description has it: the archive is elsewhere, and the token is not for that server."""
    artifact = {
        "id": 5,
        "name": "report-dev",
        "expired": False,
        "size_in_bytes": len(packed),
        "digest": f"sha256:{hashlib.sha256(packed).hexdigest()}",
        **about,
    }
    answers = {
        f"/commits/{COMMIT}/pulls": [
            {"number": 7, "merged_at": "now", "merge_commit_sha": COMMIT, "head": {"sha": HEAD}},
            {"number": 8, "merged_at": None, "merge_commit_sha": None, "head": {"sha": "d" * 40}},
        ],
        "/actions/workflows/pull-request.yml/runs": {
            "workflow_runs": [
                {"id": 1, "run_number": 1, "head_sha": HEAD},
                {"id": 2, "run_number": 2, "head_sha": HEAD},
                {"id": 3, "run_number": 3, "head_sha": "e" * 40},
            ]
        },
        "/actions/runs/2/artifacts": {"artifacts": [artifact, {**artifact, "id": 9, "name": "report-dev-other"}]},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == BLOB:
            assert "authorization" not in request.headers, "the token went to another server"
            return httpx.Response(200, content=packed)
        path = request.url.path.removeprefix("/repos/acme/groundwork")
        if path == "/actions/artifacts/5/zip":
            return httpx.Response(302, headers={"location": BLOB})
        body = handler(path)
        body = answers.get(path) if body is None else body
        return httpx.Response(404, json={"message": "Not Found"}) if body is None else httpx.Response(200, json=body)

    return GitHub("acme/groundwork", "secret", transport=httpx.MockTransport(answer), sleep=lambda _: None)


def compared(then: Attributes, now: Attributes) -> str:
    number, read = planned(github(zipped(report(then))), COMMIT, "dev")
    return as_shown.markdown("dev", number, [now], read)


def test_plans_that_are_as_shown_say_so_and_nothing_more() -> None:
    text = compared(changes(colour="green"), changes(colour="green"))
    assert "compared with what pull request 7 showed" in text
    assert "<code>dev-web</code>: as the pull request showed" in text
    assert "<details>" not in text


def test_an_attribute_that_differs_is_shown_with_both_values() -> None:
    text = compared(changes(colour="green"), changes(colour="red"))
    assert "<code>dev-web</code>: **differs**" in text
    assert '- colour = "green"\n+ colour = "red"' in text
    assert "size" not in text


def test_what_was_not_shown_and_what_is_gone_is_named() -> None:
    text = compared(changes("dev-old", colour="green"), changes("dev-new", colour="red"))
    assert "<code>dev-new</code>: **not shown there**" in text
    assert "<code>dev-old</code>: **differs**: it was shown there, and nothing of it changes now" in text


def test_a_value_of_today_that_differs_is_shown() -> None:
    """The live value changed between the two plans; what the plan makes of it is the same."""
    later = plan(colour="green")
    later["resource_changes"][0]["change"]["before"]["colour"] = "black"
    text = compared(changes(colour="green"), attributes.of_plan("dev-web", later))
    assert '- colour (today) = "blue"\n+ colour (today) = "black"' in text


def test_secrets_are_hidden_on_both_sides() -> None:
    then, now = (changes(password=f"tops3cret-{number}") for number in (1, 2))
    assert "tops3cret" not in compared(then, now)


def test_a_hostile_artifact_is_only_text() -> None:
    """Its markup, mentions and invisible characters show as what they are, and nothing is written to a folder."""
    evil = "</details><script>x</script> @acme/platform `${{ secrets.X }}` [a](https://evil.example)\u202e"
    text = compared(changes(evil, colour=evil), changes(colour="green"))
    assert "<script>" not in text
    assert "@acme" not in text.replace("\u200b", "<ZWSP>")
    assert "\u202e" not in text
    assert "[a](https" not in text


@pytest.mark.parametrize(
    "packed",
    [
        b"not an archive",
        zipped(b"not json"),
        zipped(b"[" * 100_000),
        zipped(b'[{"stack": "dev-web", "attributes": {"stack": 7}}]'),
        zipped(b'[{"stack": "dev-web", "attributes": {"stack": "x", "resources": [], "outputs": [], "more": 1}}]'),
        zipped(report(), name="other.json"),
        zipped(report())[:-30],
    ],
    ids=["no archive", "no JSON", "deep JSON", "wrong type", "unknown field", "other file", "cut off"],
)
def test_an_artifact_of_another_form_is_not_shown(packed: bytes) -> None:
    with pytest.raises(NotShown, match=r"does not hold what gw diff writes as dev\.json"):
        planned(github(packed), COMMIT, "dev")


def test_an_archive_that_unpacks_to_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "_MOST_BYTES", 10_000)
    with pytest.raises(NotShown, match=r"dev\.json in its artifact is larger than 10000 bytes"):
        planned(github(zipped(b" " * 1_000_000)), COMMIT, "dev")
    with pytest.raises(NotShown, match="artifact report-dev of run 2 is larger"):
        planned(github(zipped(report()), size_in_bytes=10_001), COMMIT, "dev")
    with pytest.raises(NotShown, match="the artifact is larger"):
        planned(github(b"x" * 20_000, size_in_bytes=1), COMMIT, "dev")


@pytest.mark.parametrize(
    ("api", "why"),
    [
        (github(b"", handler=lambda path: [] if path.endswith("/pulls") else None), "no pull request was merged as"),
        (github(b"", handler=lambda path: {"workflow_runs": []} if "/workflows/" in path else None), "no run of"),
        (github(b"", handler=lambda path: {"artifacts": []} if "/artifacts" in path else None), "has no artifact"),
        (github(b"", expired=True), "has no artifact report-dev any more: it expired"),
        (github(zipped(report()), digest="sha256:" + "0" * 64), "not have the digest that GitHub recorded"),
        (github(b"", handler=lambda path: {"artifacts": 7} if "nothing" in path else None, id=6), "does not say"),
    ],
    ids=["no pull request", "no run", "no artifact", "expired", "another digest", "not found"],
)
def test_nothing_to_compare_with_is_one_sentence(api: GitHub, why: str) -> None:
    with pytest.raises(NotShown, match=why):
        planned(api, COMMIT, "dev")
