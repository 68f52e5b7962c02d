"""The API client repeats calls only where that helps, names what is missing in errors, and hides its token."""

from __future__ import annotations

import httpx
import pytest

from groundwork.errors import GitHubError, UsageError
from groundwork.github.api import ATTEMPTS, GitHub
from tests.github.conftest import admin_of
from tests.support.fake_github import FakeGitHub


def test_every_page_of_a_list_is_read(github: FakeGitHub, admin: GitHub) -> None:
    number = github.open_pull_request("alice", commits=[github.commit("alice") for _ in range(230)])
    assert len(list(admin.pages(f"pulls/{number}/commits"))) == 230
    assert len(list(admin.pages("environments/prod/deployment-branch-policies", key="branch_policies"))) == 1


def test_a_busy_server_is_called_again_after_growing_pauses(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(502, {}), (503, {})]
    assert admin_of(github, waits.append).get("")["full_name"] == "acme/groundwork"
    assert waits == [1, 2]


def test_retry_after_is_obeyed(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(429, {"Retry-After": "7"}), (403, {"Retry-After": "3"})]
    admin_of(github, waits.append).get("")
    assert waits == [7, 3]


def test_a_server_that_stays_broken_is_an_error_that_names_the_call(github: FakeGitHub, admin: GitHub) -> None:
    github.server.failures += [(500, {})] * 9
    with pytest.raises(GitHubError, match=r"GET /repos/acme/groundwork/issues: 500"):
        admin.get("issues")
    assert len(github.server.requests) == ATTEMPTS


def test_a_long_rate_limit_is_reported_instead_of_waited_for(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(429, {"Retry-After": "3000"})]
    with pytest.raises(GitHubError) as refused:
        admin_of(github, waits.append).get("issues")
    assert "again in 3000 s" in refused.value.fix
    assert not waits


def test_a_failed_call_that_writes_is_not_repeated(github: FakeGitHub, admin: GitHub) -> None:
    github.server.failures += [(502, {})]
    with pytest.raises(GitHubError, match=r"POST .*: 502"):
        admin.send("POST", "issues", {"title": "once"})
    assert github.server.requests == ["POST /repos/acme/groundwork/issues"]


def test_a_missing_permission_is_reported_with_the_line_of_yaml(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    with pytest.raises(GitHubError, match=r"GET .*/environments/prod: 403") as refused:
        GitHub.of(github.job_environment(run, "check")).get("environments/prod")
    assert refused.value.fix == "the token may not see it: the job needs `permissions: {actions: read}`"


def test_for_administration_the_error_asks_for_an_administrator_s_token(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    with pytest.raises(GitHubError) as refused:
        GitHub.of(github.job_environment(run, "check")).send("PUT", "environments/prod", {})
    assert "a token of an administrator with `administration: write`" in refused.value.fix


def test_a_404_may_mean_that_the_token_may_not_see_it(admin: GitHub) -> None:
    with pytest.raises(GitHubError) as refused:
        admin.get("environments/nowhere", needs="actions: read")
    assert refused.value.fix.startswith("either it does not exist, or the token may not see it")
    assert admin.find("environments/nowhere") is None


def test_an_unreachable_server_is_named() -> None:
    api = GitHub("acme/groundwork", "token", "http://127.0.0.1:9", sleep=lambda _: None)
    with pytest.raises(GitHubError, match=r"no answer from http://127.0.0.1:9 \(ConnectError\)"):
        api.get("issues")


def test_the_token_is_not_sent_to_another_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.example.com"
        return httpx.Response(200, json=[], headers={"Link": '<https://elsewhere.example/2>; rel="next"'})

    api = GitHub("acme/groundwork", "token", "https://api.example.com", httpx.MockTransport(answer))
    with pytest.raises(GitHubError, match=r"names another server, elsewhere\.example"):
        list(api.pages("issues"))


def test_the_token_is_in_no_text_of_the_client_or_its_errors(github: FakeGitHub) -> None:
    environ = github.person("root", admin=True)
    api = GitHub.of(environ)
    github.server.failures += [(404, {})]
    with pytest.raises(GitHubError) as refused:
        api.get("issues")
    for text in (repr(api), str(api), str(refused.value), repr(refused.value.__cause__)):
        assert environ["GITHUB_TOKEN"] not in text


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_a_missing_variable_is_named(github: FakeGitHub, missing: str) -> None:
    environ = github.person("root")
    del environ[missing]
    with pytest.raises(UsageError, match=missing):
        GitHub.of(environ)
