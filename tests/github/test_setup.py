"""`gw github setup` and `check` compare a repository with the environment files, and correct or report differences."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import EnvironmentFileError, GitHubError
from groundwork.github.api import GitHub
from groundwork.github.check import check
from groundwork.github.difference import EmptyRepository, holds
from groundwork.github.limits import Limits
from groundwork.github.protection import not_main_alone, unprotected
from groundwork.github.settings import Settings, desired
from groundwork.github.setup import setup
from stacks.platform import PlatformEnvironment
from stacks.values import Environment, load_all
from stacks.values.delivery import AutoApply
from tests.github.conftest import admin_of
from tests.support.fake_github import FakeGitHub


@pytest.fixture(scope="module")
def environments(checkout: Path) -> list[Environment]:
    folder = checkout / "environments"
    return [environment for environment in load_all(folder) if environment.target == "aws"]


@pytest.fixture
def settings(environments: list[Environment], workflows: Path) -> Settings:
    text = "steps: [{uses: aws-actions/configure-aws-credentials@0123}, {uses: actions/checkout@4567}, {uses: ./here}]"
    (workflows / "used.yml").write_text(text, encoding="utf-8")
    return desired("acme/groundwork", [PlatformEnvironment(values) for values in environments], workflows)


def fresh(**options: Any) -> FakeGitHub:
    fake = FakeGitHub(**options)
    fake.team("platform", "carol")
    return fake


def differences(settings: Settings, api: GitHub) -> list[str]:
    return [f"{difference.where}: {difference.sentence}" for difference in check(settings, api)]


def ruleset(fake: FakeGitHub, name: str) -> dict[str, Any]:
    return next(known for known in fake.state.rulesets.values() if known["name"] == name)


def test_setup_makes_every_setting_once(settings: Settings) -> None:
    with fresh() as fake:
        api = admin_of(fake)
        assert len(setup(api, check(settings, api))) > 40
        assert differences(settings, api) == []
        before = len(fake.server.requests)
        assert setup(api, check(settings, api)) == []
        assert {request.split()[0] for request in fake.server.requests[before:]} == {"GET"}
        for name in ("dev", "staging", "prod"):
            assert not list(unprotected(api, name))


def test_setup_follows_the_environment_files(settings: Settings, environments: list[Environment]) -> None:
    with fresh() as fake:
        api = admin_of(fake)
        setup(api, check(settings, api))
        prod = fake.state.environments["prod"]
        assert [entry["reviewer"]["slug"] for entry in prod.reviewers] == ["platform"]
        assert prod.variables["AWS_REGION"] == "eu-west-2"
        assert prod.variables["AWS_ROLE_ARN"].startswith("arn:aws:iam::333333333333:role/acme-prod-")
        plan, pull = fake.state.environments["prod-plan"], fake.state.environments["prod-pull-request"]
        assert not plan.reviewers
        assert not pull.reviewers
        assert len({environment.variables["AWS_ROLE_ARN"] for environment in (prod, plan, pull)}) == 3
        assert [ref["name"] for ref in pull.refs] == ["refs/pull/*/merge"]
        assert ("branch", "main") in [(ref["type"], ref["name"]) for ref in prod.refs]
        assert "local" not in fake.state.environments
        patterns = fake.state.settings["actions/permissions/selected-actions"]["patterns_allowed"]
        assert patterns == ["aws-actions/configure-aws-credentials@*"]


def with_auto_apply(environments: list[Environment]) -> list[PlatformEnvironment]:
    """The environments, with the value in dev."""
    delivery = {"auto_apply": AutoApply(highest_finding="low")}
    changed = [
        values.model_copy(update={"delivery": values.delivery.model_copy(update=delivery)})
        if values.name == "dev"
        else values
        for values in environments
    ]
    return [PlatformEnvironment(values) for values in changed]


def test_an_environment_without_reviewers_is_main_s_alone(environments: list[Environment], workflows: Path) -> None:
    """GitHub docs, "Managing environments for deployment": without a rule a job starts at once, from any branch."""
    settings = desired("acme/groundwork", with_auto_apply(environments), workflows)
    with fresh() as fake:
        api = admin_of(fake)
        assert list(not_main_alone(api, "dev-auto")) == ["GitHub's environment dev-auto does not exist"]
        setup(api, check(settings, api))
        assert differences(settings, api) == []
        made, reviewed = fake.state.environments["dev-auto"], fake.state.environments["dev"]
        assert not made.reviewers
        assert [(ref["type"], ref["name"]) for ref in made.refs] == [("branch", "main")]
        assert made.variables == reviewed.variables
        assert reviewed.reviewers
        assert "staging-auto" not in fake.state.environments
        assert list(not_main_alone(api, "dev-auto")) == []

        made.refs.append({"id": 1, "type": "branch", "name": "feature/*"})
        assert differences(settings, api) == ["environment dev-auto: lets branch feature/* deploy"]
        (gap,) = not_main_alone(api, "dev-auto")
        assert gap == "not only main may use GitHub's environment dev-auto: branch feature/*"
        made.policy = None
        (gap,) = not_main_alone(api, "dev-auto")
        assert gap.startswith("every branch")


def test_an_environment_that_auto_apply_left_is_reported_and_removed(
    environments: list[Environment], workflows: Path
) -> None:
    with fresh() as fake:
        api = admin_of(fake)
        setup(api, check(desired("acme/groundwork", with_auto_apply(environments), workflows), api))
        off = desired("acme/groundwork", [PlatformEnvironment(values) for values in environments], workflows)
        assert differences(off, api) == ["environment dev-auto: exists, and delivery.auto_apply is off"]
        setup(api, check(off, api))
        assert "dev-auto" not in fake.state.environments
        assert differences(off, api) == []


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
    main = ruleset(fake, "main")
    main["rules"] = [rule for rule in main["rules"] if rule["type"] != "non_fast_forward"]


def spoil_owners(fake: FakeGitHub) -> None:
    main = ruleset(fake, "main")
    main["rules"] = copy.deepcopy(main["rules"])
    (review,) = [rule for rule in main["rules"] if rule["type"] == "pull_request"]
    review["parameters"]["require_code_owner_review"] = False


def spoil_enforcement(fake: FakeGitHub) -> None:
    ruleset(fake, "release tags")["enforcement"] = "evaluate"


def spoil_actors(fake: FakeGitHub) -> None:
    ruleset(fake, "main")["bypass_actors"] = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]


def spoil_creators(fake: FakeGitHub) -> None:
    """The role Write may create release tags, too."""
    creation = ruleset(fake, "creation of release tags")
    write = {"actor_id": 4, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    creation["bypass_actors"] = [*creation["bypass_actors"], write]


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
        (spoil_creators, "ruleset creation of release tags: 1 more may bypass it"),
        (spoil_token, "Actions (actions/permissions/workflow): default_workflow_permissions differ"),
    ],
)
def test_a_setting_changed_by_hand_is_reported_and_corrected(
    settings: Settings, spoil: Callable[[FakeGitHub], None], sentence: str
) -> None:
    with fresh() as fake:
        api = admin_of(fake)
        setup(api, check(settings, api))
        spoil(fake)
        assert differences(settings, api) == [sentence]
        assert len(setup(api, check(settings, api))) == 1
        assert differences(settings, api) == []


def with_runners(environments: list[Environment], workflows: Path) -> Settings:
    """dev has runners that the platform makes, staging some that exist, prod GitHub's machines."""
    made = {"connection_arn": "arn:aws:codeconnections:eu-west-2:111122223333:connection/1", "group": 7}
    changes: dict[str, dict[str, Any]] = {
        "dev": {"delivery": {"runners": made}},
        "staging": {"delivery": {"runner_label": "inside"}},
        "prod": {"runner": "hosted", "cluster": {"public_endpoint_cidrs": ["8.8.8.0/24"]}},
    }
    changed = [Environment.model_validate({**each.model_dump(), **changes[each.name]}) for each in environments]
    return desired("acme/groundwork", [PlatformEnvironment(values) for values in changed], workflows)


def test_setup_names_the_runners_of_each_environment(environments: list[Environment], workflows: Path) -> None:
    settings = with_runners(environments, workflows)
    with fresh() as fake:
        fake.state.runner_groups[7] = {"restricted_to_workflows": False, "selected_workflows": []}
        api = admin_of(fake)
        setup(api, check(settings, api))
        assert json.loads(fake.state.variables["RUNNERS"]) == {"dev": "codebuild-acme-dev-runner", "staging": "inside"}
        fake.state.variables["RUNNERS"] = "{}"
        assert differences(settings, api) == ["variable RUNNERS: differs"]


def test_only_main_s_plan_and_apply_may_use_runners_in_a_vpc(environments: list[Environment], workflows: Path) -> None:
    """REST API for self-hosted runner groups: jobs of other workflows get no runner of the group, whatever label."""
    settings = with_runners(environments, workflows)
    with fresh() as fake:
        api = admin_of(fake)
        with pytest.raises(GitHubError, match="write its number to delivery"):
            setup(api, check(settings, api))
        fake.state.runner_groups[7] = {"restricted_to_workflows": False, "selected_workflows": []}
        files = [f"acme/groundwork/.github/workflows/{name}.yml@refs/heads/main" for name in ("plan", "apply")]
        assert differences(settings, api) == [f"runner group 7: is not for {' and '.join(files)} alone"]
        setup(api, check(settings, api))
        assert fake.state.runner_groups[7] == {"restricted_to_workflows": True, "selected_workflows": files}
        assert differences(settings, api) == []


def test_stricter_settings_are_accepted(settings: Settings) -> None:
    with fresh() as fake:
        api = admin_of(fake)
        setup(api, check(settings, api))
        main = ruleset(fake, "main")
        main["rules"] = [*copy.deepcopy(main["rules"]), {"type": "code_scanning"}]
        rules = {rule["type"]: rule for rule in main["rules"]}
        rules["pull_request"]["parameters"]["required_approving_review_count"] = 2
        rules["required_status_checks"]["parameters"]["required_status_checks"].append({"context": "more"})
        assert differences(settings, api) == []


def test_below_enterprise_a_private_repository_cannot_require_reviewers(settings: Settings) -> None:
    with fresh(plan="team") as fake:
        api = admin_of(fake)
        assert "have no required reviewers" in next(iter(Limits.of(api).sentences()))
        with pytest.raises(GitHubError) as refused:
            setup(api, check(settings, api))
        assert "422 Failed to create the environment protection rule" in refused.value.message
        assert "the environment exists now WITHOUT protection" in refused.value.message
        # The gate notices that the environment exists without protection.
        assert "no required reviewers" in list(unprotected(api, "prod"))
        # Everything that the plan allows was set up.
        names = {known["name"] for known in fake.state.rulesets.values()}
        assert names == {"main", "release tags", "creation of release tags"}


def test_on_the_free_plan_a_private_repository_has_no_environments(settings: Settings) -> None:
    with fresh(plan="free") as fake:
        api = admin_of(fake)
        assert "no environments and no rulesets" in next(iter(Limits.of(api).sentences()))
        rulesets = next(difference for difference in check(settings, api) if difference.where == "rulesets")
        assert "Upgrade to GitHub Pro" in rulesets.sentence
        assert "the owner's GitHub plan does not include this" in rulesets.fix


@pytest.mark.parametrize("plan", ["free", "team"])
def test_a_public_repository_can_have_every_setting(settings: Settings, plan: str) -> None:
    with fresh(plan=plan, private=False) as fake:
        api = admin_of(fake)
        assert not list(Limits.of(api).sentences())
        setup(api, check(settings, api))
        assert differences(settings, api) == []


def test_limits_are_unknown_if_the_token_may_not_see_the_plan(github: FakeGitHub) -> None:
    limits = Limits.of(GitHub.of(github.person("alice")))
    assert (limits.plan, limits.reviewers, list(limits.sentences())) == ("", None, [])


def test_settings_that_the_token_may_not_see_are_reported(settings: Settings) -> None:
    with fresh() as fake:
        setup(admin_of(fake), check(settings, admin_of(fake)))
        reported = [str(difference) for difference in check(settings, GitHub.of(fake.person("alice")))]
        assert any("Actions: cannot be read" in text for text in reported)
        assert any("environment prod: cannot be read" in text for text in reported)


def test_a_numbered_subject_is_reported_before_it_keeps_jobs_out(settings: Settings) -> None:
    with fresh(immutable_subject=True) as fake:
        api = admin_of(fake)
        with pytest.raises(GitHubError, match="begins with repo:acme@123456/groundwork@456789"):
            setup(api, check(settings, api))
        (difference,) = check(settings, api)
        assert "write `github_subject: acme@123456/groundwork@456789` below singletons" in difference.fix


def test_with_the_numbered_subject_in_the_values_nothing_differs(
    environments: list[Environment], workflows: Path
) -> None:
    numbered = [
        Environment.model_validate(
            {
                **environment.model_dump(),
                "singletons": {
                    "github_repository": "acme/groundwork",
                    "github_subject": "acme@123456/groundwork@456789",
                },
            }
        )
        for environment in environments
    ]
    with fresh(immutable_subject=True) as fake:
        api = admin_of(fake)
        settings = desired("acme/groundwork", [PlatformEnvironment(values) for values in numbered], workflows)
        setup(api, check(settings, api))
        assert differences(settings, api) == []


def test_a_subject_of_another_repository_is_refused(environments: list[Environment]) -> None:
    with pytest.raises(ValueError, match="is not the repository acme/groundwork"):
        environments[0].model_validate(
            {
                **environments[0].model_dump(),
                "singletons": {"github_repository": "acme/groundwork", "github_subject": "acme@1/other@2"},
            }
        )


def test_a_reviewer_that_does_not_exist_is_reported(settings: Settings) -> None:
    with FakeGitHub() as fake:
        reported = check(settings, admin_of(fake))
        prod = next(difference for difference in reported if difference.where == "environment prod")
    assert "reviewer team platform of acme does not exist" in prod.sentence


def test_without_a_token_the_calls_for_a_new_repository_are_shown(settings: Settings) -> None:
    calls = [call for difference in check(settings, EmptyRepository()) for call in difference.calls]
    put = next(call for call in calls if (call.method, call.path) == ("PUT", "environments/prod"))
    assert put.body is not None
    assert put.body["reviewers"] == [{"type": "Team", "id": "(id of team platform)"}]
    assert put.body["prevent_self_review"] is True
    assert put.body["can_admins_bypass"] is False
    assert ("POST", "rulesets") in [(call.method, call.path) for call in calls]
    assert not [call for call in calls if call.method in ("PATCH", "DELETE")]


def test_an_environment_without_reviewers_is_refused(environments: list[Environment], workflows: Path) -> None:
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
def test_live_settings_hold_if_they_contain_the_wanted_settings(wanted: Any, live: Any, expected: bool) -> None:
    assert holds(wanted, live) is expected
