"""The client: patience where it helps, errors that name what is missing, and a token that nobody sees."""

from __future__ import annotations

import httpx
import pytest

from groundwork.errors import GitHubError, UsageError
from groundwork.github.api import ATTEMPTS, GitHub
from tests.support.fake_github import FakeGitHub


def waiting(github: FakeGitHub, waits: list[float]) -> GitHub:
    environ = github.person("root", admin=True)
    return GitHub("acme/groundwork", environ["GITHUB_TOKEN"], github.url, sleep=waits.append)


def test_every_page_of_a_list_is_read(github: FakeGitHub, admin: GitHub) -> None:
    number = github.open_pull_request("alice", commits=[github.commit("alice") for _ in range(230)])
    assert len(list(admin.pages(f"pulls/{number}/commits"))) == 230
    assert len(list(admin.pages("environments/prod/deployment-branch-policies", key="branch_policies"))) == 1


def test_a_busy_server_is_asked_again_and_longer_each_time(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(502, {}), (503, {})]
    assert waiting(github, waits).get("")["full_name"] == "acme/groundwork"
    assert waits == [1, 2]


def test_retry_after_is_obeyed(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(429, {"Retry-After": "7"}), (403, {"Retry-After": "3"})]
    waiting(github, waits).get("")
    assert waits == [7, 3]


def test_a_server_that_stays_broken_ends_in_an_error_that_names_the_call(github: FakeGitHub) -> None:
    github.server.failures += [(500, {})] * 9
    with pytest.raises(GitHubError, match=r"GET /repos/acme/groundwork/issues: 500"):
        waiting(github, []).get("issues")
    assert len(github.server.requests) == ATTEMPTS


def test_a_rate_limit_that_lasts_is_named_instead_of_sat_out(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.server.failures += [(429, {"Retry-After": "3000"})]
    with pytest.raises(GitHubError) as refused:
        waiting(github, waits).get("issues")
    assert "again in 3000 s" in refused.value.fix
    assert not waits


def test_what_may_have_been_done_is_not_done_twice(github: FakeGitHub) -> None:
    github.server.failures += [(502, {})]
    with pytest.raises(GitHubError, match=r"POST .*: 502"):
        waiting(github, []).send("POST", "issues", {"title": "once"})
    assert github.server.requests == ["POST /repos/acme/groundwork/issues"]


def test_a_missing_permission_is_named_with_the_line_of_yaml(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    with pytest.raises(GitHubError, match=r"GET .*/environments/prod: 403") as refused:
        GitHub.of(github.job_environment(run, "check")).get("environments/prod")
    assert refused.value.fix == "the token may not see it: the job needs `permissions: {actions: read}`"


def test_administration_is_never_promised_to_a_workflow(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    with pytest.raises(GitHubError) as refused:
        GitHub.of(github.job_environment(run, "check")).send("PUT", "environments/prod", {})
    assert "a token of an administrator with `administration: write`" in refused.value.fix


def test_what_is_not_there_says_that_the_token_may_not_see_it_either(admin: GitHub) -> None:
    with pytest.raises(GitHubError) as refused:
        admin.get("environments/nowhere", needs="actions: read")
    assert refused.value.fix.startswith("either it does not exist, or the token may not see it")
    assert admin.find("environments/nowhere") is None


def test_a_server_that_is_not_there_is_named() -> None:
    api = GitHub("acme/groundwork", "token", "http://127.0.0.1:9", sleep=lambda _: None)
    with pytest.raises(GitHubError, match=r"no answer from http://127.0.0.1:9 \(ConnectError\)"):
        api.get("issues")


def test_the_token_goes_to_no_other_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.example.com"
        return httpx.Response(200, json=[], headers={"Link": '<https://elsewhere.example/2>; rel="next"'})

    api = GitHub("acme/groundwork", "token", "https://api.example.com", httpx.MockTransport(answer))
    with pytest.raises(GitHubError, match=r"sends us on to elsewhere\.example"):
        list(api.pages("issues"))


def test_the_token_is_shown_nowhere(github: FakeGitHub) -> None:
    environ = github.person("root", admin=True)
    api = GitHub.of(environ)
    github.server.failures += [(404, {})]
    with pytest.raises(GitHubError) as refused:
        api.get("issues")
    for text in (repr(api), str(api), str(refused.value), repr(refused.value.__cause__)):
        assert environ["GITHUB_TOKEN"] not in text


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_what_is_not_set_is_named(github: FakeGitHub, missing: str) -> None:
    environ = github.person("root")
    del environ[missing]
    with pytest.raises(UsageError, match=missing):
        GitHub.of(environ)
