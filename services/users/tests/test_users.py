"""Adding and listing users; every test runs on both kinds of database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from users.settings import UsersSettings

ANN = {"name": "Ann Lee", "username": "ann", "email": "ann@example.com"}
Start = Callable[..., TestClient]


def user(number: int) -> dict[str, str]:
    return {"name": f"User {number}", "username": f"u{number}", "email": f"u{number}@example.com"}


def names(answer: Any) -> list[str]:
    return [entry["username"] for entry in answer.json()]


@pytest.mark.row("2.1")
@pytest.mark.parametrize("path", ["/users", "/users/"])
def test_a_list_a_post_and_a_list_as_in_the_seed(start: Start, url: str, path: str) -> None:
    users = start(url, users_auth_token=None, users_open=True)
    users.headers.pop("Authorization")
    assert users.get(path).json() == []
    # As curl sends it: a form, by its header.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = '{"name": "test-name", "username": "test-username", "email" : "username@email.com"}'
    added = users.post(path, content=body, headers=form, follow_redirects=False)
    assert added.status_code == 201
    assert users.get(path, follow_redirects=False).json() == [added.json()]
    stored = added.json()
    assert isinstance(stored.pop("_id"), str)
    assert str(stored.pop("id")) == added.json()["_id"]
    assert stored == {"name": "test-name", "username": "test-username", "email": "username@email.com"}


@pytest.mark.row("2.1")
@pytest.mark.parametrize("taken", [{"username": "other"}, {"email": "other@example.com"}, {"name": "Other"}])
def test_a_username_or_address_that_is_taken_is_409(users: TestClient, taken: dict[str, str]) -> None:
    assert users.post("/users", json=ANN).status_code == 201
    refused = users.post("/users", json={**ANN, **taken})
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["detail"] == "Another user has this username or email address"
    assert names(users.get("/users")) == ["ann"]


@pytest.mark.row("2.1")
def test_of_concurrent_posts_for_one_address_one_is_stored(users: TestClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: users.post("/users", json={**user(n), "email": "a@b.example"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(users.get("/users").json()) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"email": None}, {"name": ""}, {"name": "  "}, {"name": "a\0b"}, {"username": "u" * 101},
     {"email": f"{'a' * 60}@{'b' * 60}.example"}],
)  # fmt: skip
def test_what_is_no_user_is_400(users: TestClient, wrong: dict[str, Any]) -> None:
    refused = users.post("/users", json={**ANN, **wrong})
    assert (refused.status_code, refused.json()["errors"][0]["at"]) == (400, f"body/{next(iter(wrong))}")
    assert users.get("/users").json() == []


@pytest.mark.row("1.1")
def test_users_are_listed_page_by_page(users: TestClient) -> None:
    for number in range(5):
        users.post("/users", json=user(number))
    first = users.get("/users?limit=2")
    second = users.get("/users", params={"limit": 2, "after": first.headers["x-next-cursor"]})
    last = users.get("/users", params={"limit": 2, "after": second.headers["x-next-cursor"]})
    assert [names(page) for page in (first, second, last)] == [["u0", "u1"], ["u2", "u3"], ["u4"]]
    assert "x-next-cursor" not in last.headers
    assert names(users.get("/users", params={"after": second.headers["x-next-cursor"]})) == ["u4"]


@pytest.mark.row("1.1")
def test_a_list_without_limit_is_complete_however_long(users: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servicekit.pages.PART", 2)
    for number in range(5):
        users.post("/users", json=user(number))
    assert names(users.get("/users")) == ["u0", "u1", "u2", "u3", "u4"]


@pytest.mark.parametrize("after", ["nonsense", "WyJub25zZW5zZSJd", "WzEsMl0=", "W251bGxd"])
def test_a_cursor_of_another_list_is_400(users: TestClient, after: str) -> None:
    assert users.get("/users", params={"after": after}).status_code == 400


@pytest.mark.row("1.1")
def test_the_routes_of_the_seed_that_need_no_database(users: TestClient) -> None:
    assert users.get("/").json() == {"Message": "Hello, Sherpany!"}
    assert users.get("/health").json() == {"status": "healthy"}
    series = 'http_request_duration_seconds_count{method="GET",route="/health",status="200"} 1.0'
    assert series in users.get("/metrics").text


@pytest.mark.row("1.5")
def test_metrics_show_the_pool(users: TestClient) -> None:
    users.get("/users")
    figures = dict(line.rsplit(" ", 1) for line in users.get("/metrics").text.splitlines() if line[:3] == "db_")
    assert (figures["db_pool_max"], figures["db_requests_waiting"]) == ("10.0", "0.0")
    assert float(figures["db_pool_size"]) >= 1
    assert figures["db_pool_available"] == figures["db_pool_size"]


def test_adding_needs_a_token_and_reading_does_not(users: TestClient) -> None:
    users.headers.pop("Authorization")
    refused = users.post("/users", json=ANN)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert users.get("/users").json() == []


def test_users_without_a_token_have_to_be_opened_explicitly() -> None:
    with pytest.raises(ValidationError, match="USERS_OPEN=true"):
        UsersSettings(database_url="postgresql://")
