"""Issues, labels and comments, which the pipeline writes."""

from __future__ import annotations

from typing import Any

from tests.support.fake_github.routing import Call, Created, Paged, route
from tests.support.fake_github.state import Refusal, user

LONGEST = 65536  # characters of a body


@route("GET", "issues", "issues: read")
def issues(call: Call) -> Any:
    wanted = call.query.get("state", "open")
    labels = {label for label in call.query.get("labels", "").split(",") if label}
    creator = call.query.get("creator", "")
    return Paged(
        [
            issue
            for issue in reversed(call.state.issues.values())
            if wanted in ("all", issue["state"])
            and labels <= {label["name"] for label in issue["labels"]}
            and creator in ("", issue["user"]["login"])
        ]
    )


@route("POST", "issues", "issues: write")
def open_issue(call: Call) -> Any:
    number = max([0, *call.state.issues, *call.state.pulls]) + 1
    made = {
        "number": number,
        "state": "open",
        "user": user(call.author),
        "title": call.body["title"],
        "body": _text(call.body.get("body", "")),
        "labels": [{"name": name} for name in call.body.get("labels", ())],
        "state_reason": None,
    }
    call.state.issues[number] = made
    return Created(made)


@route("PATCH", "issues/<number>", "issues: write")
def change_issue(call: Call, number: str) -> Any:
    issue = _known(call.state.issues, number)
    for key in ("title", "body", "state", "state_reason"):
        if key in call.body:
            issue[key] = _text(call.body[key]) if key == "body" else call.body[key]
    return issue


@route("GET", "issues/<number>/comments", "issues: read or pull-requests: read")
def comments(call: Call, number: str) -> Any:
    return Paged([comment for comment in call.state.comments.values() if comment["issue"] == int(number)])


@route("POST", "issues/<number>/comments", "issues: write or pull-requests: write")
def add_comment(call: Call, number: str) -> Any:
    if int(number) not in call.state.pulls and int(number) not in call.state.issues:
        raise Refusal(404, "Not Found")
    made = {
        "id": next(call.state.ids),
        "issue": int(number),
        "user": user(call.author),
        "body": _text(call.body["body"]),
        "created_at": call.state.clock.text(),
    }
    call.state.comments[made["id"]] = made
    return Created(made)


@route("PATCH", "issues/comments/<number>", "issues: write or pull-requests: write")
def change_comment(call: Call, number: str) -> Any:
    comment = _known(call.state.comments, number)
    comment["body"] = _text(call.body["body"])
    return comment


@route("DELETE", "issues/comments/<number>", "issues: write or pull-requests: write")
def remove_comment(call: Call, number: str) -> Any:
    _known(call.state.comments, number)
    del call.state.comments[int(number)]


@route("GET", "/user", "contents: read")
def me(call: Call) -> Any:
    if call.caller.job is not None:
        raise Refusal(403, "Resource not accessible by integration")
    return {**user(call.caller.login), "plan": {"name": call.state.plan}}


def _known(where: dict[int, Any], number: str) -> Any:
    if int(number) not in where:
        raise Refusal(404, "Not Found")
    return where[int(number)]


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise Refusal(
            422, "Validation Failed", errors=[{"message": f"body is too long (maximum is {LONGEST} characters)"}]
        )
    return text
