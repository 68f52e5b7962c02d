"""A repository is set up from the values, once; what is not as it must be is named with its fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import EnvironmentFileError, GitHubError
from groundwork.github.api import GitHub
from groundwork.github.check import check
from groundwork.github.difference import Nothing, holds
from groundwork.github.limits import Limits
from groundwork.github.protection import unprotected
from groundwork.github.settings import Settings, desired
from groundwork.github.setup import setup
from stacks.platform import PlatformEnvironment
from stacks.values import Environment, load_all
from tests.support.fake_github import FakeGitHub


@pytest.fixture(scope="module")
def environments(request: pytest.FixtureRequest) -> list[Environment]:
    folder = Path(__file__).parents[2] / "environments"
    return [one for one in load_all(folder) if one.target == "aws"]


@pytest.fixture
def settings(environments: list[Environment], workflows: Path) -> Settings:
    text = "steps: [{uses: aws-actions/configure-aws-credentials@0123}, {uses: actions/checkout@4567}, {uses: ./here}]"
    (workflows / "used.yml").write_text(text, encoding="utf-8")
    return desired("acme/groundwork", [PlatformEnvironment(values) for values in environments], workflows)


def fresh(**options: Any) -> FakeGitHub:
    fake = FakeGitHub(**options)
    fake.team("platform", "carol")
    return fake


def api_of(fake: FakeGitHub) -> GitHub:
    environ = fake.person("root", admin=True)
    return GitHub(environ["GITHUB_REPOSITORY"], environ["GITHUB_TOKEN"], fake.url, sleep=lambda _: None)


def named(settings: Settings, api: GitHub) -> list[str]:
    return [f"{one.where}: {one.sentence}" for one in check(settings, api)]


def test_a_new_repository_is_set_up_and_the_second_time_nothing_is_called(settings: Settings) -> None:
    with fresh() as fake:
        api = api_of(fake)
        assert len(setup(api, check(settings, api))) > 40
        assert named(settings, api) == []
        before = len(fake.server.requests)
        assert setup(api, check(settings, api)) == []
        assert {one.split()[0] for one in fake.server.requests[before:]} == {"GET"}
        for name in ("dev", "staging", "prod"):
            assert not list(unprotected(api, name))


def test_what_is_set_is_what_the_values_say(settings: Settings, environments: list[Environment]) -> None:
    with fresh() as fake:
        api = api_of(fake)
        setup(api, check(settings, api))
        prod = fake.state.environments["prod"]
        assert [one["reviewer"]["slug"] for one in prod.reviewers] == ["platform"]
        assert prod.variables["AWS_REGION"] == "eu-west-2"
        assert prod.variables["AWS_ROLE_ARN"].startswith("arn:aws:iam::333333333333:role/acme-prod-")
        plan, pull = fake.state.environments["prod-plan"], fake.state.environments["prod-pull-request"]
        assert not plan.reviewers
        assert not pull.reviewers
        assert len({one.variables["AWS_ROLE_ARN"] for one in (prod, plan, pull)}) == 3
        assert [one["name"] for one in pull.refs] == ["refs/pull/*/merge"]
        assert ("branch", "main") in [(one["type"], one["name"]) for one in prod.refs]
        assert "local" not in fake.state.environments
        patterns = fake.state.settings["actions/permissions/selected-actions"]["patterns_allowed"]
        assert patterns == ["aws-actions/configure-aws-credentials@*"]


def spoil_reviewers(fake: FakeGitHub) -> None:
    fake.state.environments["prod"].reviewers = []


def spoil_more_reviewers(fake: FakeGitHub) -> None:
    other = {"type": "User", "reviewer": {"id": 1, "login": "mallory"}}
    fake.state.environments["prod"].reviewers = [*fake.state.environments["prod"].reviewers, other]


def spoil_self_review(fake: FakeGitHub) -> None:
    fake.state.environments["prod"].prevent_self_review = False


def spoil_bypass(fake: FakeGitHub) -> None:
    fake.state.environments["prod-plan"].can_admins_bypass = True


def spoil_branches(fake: FakeGitHub) -> None:
    fake.state.environments["prod"].refs.append({"id": 1, "type": "branch", "name": "*"})


def spoil_variable(fake: FakeGitHub) -> None:
    fake.state.environments["prod"].variables["AWS_ROLE_ARN"] = "arn:aws:iam::333333333333:role/other"


def spoil_rule(fake: FakeGitHub) -> None:
    main = next(one for one in fake.state.rulesets.values() if one["name"] == "main")
    main["rules"] = [one for one in main["rules"] if one["type"] != "non_fast_forward"]


def spoil_owners(fake: FakeGitHub) -> None:
    main = next(one for one in fake.state.rulesets.values() if one["name"] == "main")
    main["rules"] = json.loads(json.dumps(main["rules"]))
    next(one for one in main["rules"] if one["type"] == "pull_request")["parameters"]["require_code_owner_review"] = (
        False
    )


def spoil_enforcement(fake: FakeGitHub) -> None:
    next(one for one in fake.state.rulesets.values() if one["target"] == "tag")["enforcement"] = "evaluate"


def spoil_actors(fake: FakeGitHub) -> None:
    main = next(one for one in fake.state.rulesets.values() if one["name"] == "main")
    main["bypass_actors"] = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]


def spoil_token(fake: FakeGitHub) -> None:
    fake.state.settings["actions/permissions/workflow"]["default_workflow_permissions"] = "write"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            spoil_reviewers,
            "environment prod: is not reviewed by team platform; reviewers may approve their own deployment",
        ),
        (spoil_more_reviewers, "environment prod: is reviewed by user mallory, whom the values do not name"),
        (spoil_self_review, "environment prod: reviewers may approve their own deployment"),
        (spoil_bypass, "environment prod-plan: administrators may bypass it"),
        (spoil_branches, "environment prod: lets branch * deploy"),
        (spoil_variable, "environment prod: variables differ: AWS_ROLE_ARN"),
        (spoil_rule, "ruleset main: lacks the rule non_fast_forward"),
        (spoil_owners, "ruleset main: pull_request is weaker in require_code_owner_review"),
        (spoil_enforcement, "ruleset release tags: is not active"),
        (spoil_actors, "ruleset main: 1 may bypass it"),
        (spoil_token, "Actions (actions/permissions/workflow): default_workflow_permissions differ"),
    ],
)
def test_whatever_was_changed_by_hand_is_named_and_set_right(
    settings: Settings, spoil: Callable[[FakeGitHub], None], sentence: str
) -> None:
    with fresh() as fake:
        api = api_of(fake)
        setup(api, check(settings, api))
        spoil(fake)
        assert named(settings, api) == [sentence]
        assert len(setup(api, check(settings, api))) == 1
        assert named(settings, api) == []


def test_more_than_is_asked_for_is_no_difference(settings: Settings) -> None:
    with fresh() as fake:
        api = api_of(fake)
        setup(api, check(settings, api))
        main = next(one for one in fake.state.rulesets.values() if one["name"] == "main")
        main["rules"] = [*json.loads(json.dumps(main["rules"])), {"type": "code_scanning"}]
        rules = {one["type"]: one for one in main["rules"]}
        rules["pull_request"]["parameters"]["required_approving_review_count"] = 2
        rules["required_status_checks"]["parameters"]["required_status_checks"].append({"context": "more"})
        assert named(settings, api) == []


def test_a_private_repository_below_enterprise_is_told_what_it_cannot_have(settings: Settings) -> None:
    with fresh(plan="team") as fake:
        api = api_of(fake)
        assert "have no required reviewers" in next(iter(Limits.of(api).sentences()))
        with pytest.raises(GitHubError) as refused:
            setup(api, check(settings, api))
        assert "422 Failed to create the environment protection rule" in refused.value.message
        assert "the environment exists now WITHOUT protection" in refused.value.message
        # The gate sees that by itself: the environment is there, and protects nothing.
        assert "no required reviewers" in list(unprotected(api, "prod"))
        # What can be had is there.
        assert {one["name"] for one in fake.state.rulesets.values()} == {"main", "release tags"}


def test_a_private_repository_on_the_free_plan_is_told_too(settings: Settings) -> None:
    with fresh(plan="free") as fake:
        api = api_of(fake)
        assert "no environments and no rulesets" in next(iter(Limits.of(api).sentences()))
        rulesets = next(one for one in check(settings, api) if one.where == "rulesets")
        assert "Upgrade to GitHub Pro" in rulesets.sentence
        assert "the owner's GitHub plan has none of this" in rulesets.fix


@pytest.mark.parametrize("plan", ["free", "team"])
def test_a_public_repository_has_everything(settings: Settings, plan: str) -> None:
    with fresh(plan=plan, private=False) as fake:
        api = api_of(fake)
        assert not list(Limits.of(api).sentences())
        setup(api, check(settings, api))
        assert named(settings, api) == []


def test_a_plan_that_the_token_may_not_see_promises_nothing(github: FakeGitHub) -> None:
    limits = Limits.of(GitHub.of(github.person("alice")))
    assert (limits.plan, limits.reviewers, list(limits.sentences())) == ("", None, [])


def test_what_the_token_may_not_see_is_never_taken_for_good(settings: Settings) -> None:
    with fresh() as fake:
        setup(api_of(fake), check(settings, api_of(fake)))
        found = check(settings, GitHub.of(fake.person("alice")))
        assert any("Actions: could not be looked at" in str(one) for one in found)
        assert any("environment prod: could not be looked at" in str(one) for one in found)


def test_the_subject_of_a_new_repository_is_named_before_nobody_can_sign_in(settings: Settings) -> None:
    with fresh(immutable_subject=True) as fake:
        api = api_of(fake)
        with pytest.raises(GitHubError, match="begins with repo:acme@123456/groundwork@456789"):
            setup(api, check(settings, api))
        (difference,) = check(settings, api)
        assert "write `github_subject: acme@123456/groundwork@456789` below singletons" in difference.fix


def test_with_the_subject_that_the_check_names_everything_fits(
    environments: list[Environment], workflows: Path
) -> None:
    numbered = [
        Environment.model_validate(
            {
                **one.model_dump(),
                "singletons": {
                    "github_repository": "acme/groundwork",
                    "github_subject": "acme@123456/groundwork@456789",
                },
            }
        )
        for one in environments
    ]
    with fresh(immutable_subject=True) as fake:
        api = api_of(fake)
        settings = desired("acme/groundwork", [PlatformEnvironment(values) for values in numbered], workflows)
        setup(api, check(settings, api))
        assert named(settings, api) == []


def test_a_subject_of_another_repository_is_refused(environments: list[Environment]) -> None:
    with pytest.raises(ValueError, match="is not the repository acme/groundwork"):
        environments[0].model_validate(
            {
                **environments[0].model_dump(),
                "singletons": {"github_repository": "acme/groundwork", "github_subject": "acme@1/other@2"},
            }
        )


def test_a_reviewer_who_does_not_exist_is_named(settings: Settings) -> None:
    with FakeGitHub() as fake:
        found = next(one for one in check(settings, api_of(fake)) if one.where == "environment prod")
    assert "reviewer team platform of acme is not to be found" in found.sentence


def test_without_a_token_every_call_is_shown_as_for_a_new_repository(settings: Settings) -> None:
    calls = [call for one in check(settings, Nothing()) for call in one.calls]
    put = next(one for one in calls if (one.method, one.path) == ("PUT", "environments/prod"))
    assert put.body is not None
    assert put.body["reviewers"] == [{"type": "Team", "id": "(id of team platform)"}]
    assert put.body["prevent_self_review"] is True
    assert put.body["can_admins_bypass"] is False
    assert ("POST", "rulesets") in [(one.method, one.path) for one in calls]
    assert not [one for one in calls if one.method in ("PATCH", "DELETE")]


def test_an_environment_without_reviewers_is_refused_with_the_line_to_write(
    environments: list[Environment], workflows: Path
) -> None:
    nobody = environments[0].model_validate({**environments[0].model_dump(), "reviewers": {}})
    with pytest.raises(EnvironmentFileError, match=rf"{nobody.name}.yaml: reviewers is empty"):
        desired("acme/groundwork", [PlatformEnvironment(nobody)], workflows)


@pytest.mark.parametrize(
    ("wanted", "live", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {}, False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
        ([], None, False),
        (False, None, False),
    ],
)
def test_live_settings_hold_where_they_say_at_least_as_much(wanted: Any, live: Any, expected: bool) -> None:
    assert holds(wanted, live) is expected
