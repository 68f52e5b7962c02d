"""A fake GitHub with workflows like the real ones: a plan with credentials, an apply behind reviewers, a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundwork.github.api import GitHub
from tests.support.fake_github import FakeGitHub

DEPLOY = """
name: deploy
on:
  push: {branches: [main]}
permissions: {}
jobs:
  supersede:
    permissions: {actions: write, contents: read}
    runs-on: ubuntu-24.04
    steps: [{run: gw github supersede}]
  plan:
    permissions: {id-token: write, contents: read}
    environment: prod-plan
    runs-on: ubuntu-24.04
    steps: [{run: gw plan make prod}]
  apply:
    needs: plan
    permissions: {id-token: write, actions: read, contents: read, deployments: read, pull-requests: read}
    environment: prod
    runs-on: ubuntu-24.04
    steps: [{run: gw deploy prod --approved plans.json}]
"""
PULL_REQUEST = """
name: pull request
on: pull_request
permissions: {}
jobs:
  check:
    permissions: {contents: read}
    runs-on: ubuntu-24.04
    steps: [{run: gw check}]
  plan:
    permissions: {id-token: write, contents: read}
    uses: acme/groundwork/.github/workflows/plan.yml@main
    with: {environment: dev-pull-request}
  report:
    needs: plan
    permissions: {pull-requests: write, issues: write}
    runs-on: ubuntu-24.04
    steps: [{run: gw github comment}]
"""
PLAN = """
name: plan
on: workflow_call
permissions: {}
jobs:
  plan:
    permissions: {id-token: write, contents: read}
    environment: ${{ inputs.environment }}
    runs-on: ubuntu-24.04
    steps: [{run: gw plan make}]
"""


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """The folder of workflow files; a test may change them."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    for name, text in (("deploy", DEPLOY), ("pull-request", PULL_REQUEST), ("plan", PLAN)):
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def github(workflows: Path) -> Iterator[FakeGitHub]:
    """A repository whose environments are protected correctly."""
    with FakeGitHub(workflows=workflows) as fake:
        fake.team("platform", "carol", "dave", "alice", "bob")
        fake.environment("prod", reviewers=["platform"])
        fake.environment("prod-plan")
        yield fake


@pytest.fixture
def admin(github: FakeGitHub) -> GitHub:
    """The API with the token of an administrator."""
    return admin_of(github)


def admin_of(github: FakeGitHub, sleep: Callable[[float], None] = lambda _: None) -> GitHub:
    """The API with the token of an administrator; by default it does not sleep between attempts."""
    environ = github.person("root", admin=True)
    return GitHub(environ["GITHUB_REPOSITORY"], environ["GITHUB_TOKEN"], github.url, sleep=sleep)


@pytest.fixture
def report_api(github: FakeGitHub) -> Callable[[int], GitHub]:
    """The API with the token of a pull request's report job."""

    def of(number: int) -> GitHub:
        run = github.begin_run("pull_request", github.state.pulls[number].author, pull_request=number)
        return GitHub.of(github.job_environment(run, "report"))

    return of
