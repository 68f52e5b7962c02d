"""Compares live settings with the desired ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from groundwork.errors import GitHubError
from groundwork.github import environment_settings, repository_settings
from groundwork.github.difference import Difference, Reader
from groundwork.github.limits import explained
from groundwork.github.settings import EnvironmentSettings, Settings


def check(settings: Settings, reader: Reader) -> list[Difference]:
    """Everything that differs. What the token may not see counts as a difference, because it was not checked."""
    owner = settings.repository.partition("/")[0]

    def of(environment: EnvironmentSettings) -> Callable[[], Iterator[Difference]]:
        return lambda: environment_settings.differences(environment, owner, reader)

    def unused(name: str) -> Callable[[], Iterator[Difference]]:
        return lambda: environment_settings.unused(name, reader)

    parts: list[tuple[str, Callable[[], Iterator[Difference]]]] = [
        *((f"environment {each.name}", of(each)) for each in settings.environments),
        *((f"environment {name}", unused(name)) for name in settings.unused_environments if name),
        ("rulesets", lambda: repository_settings.ruleset_differences(settings, reader)),
        ("Actions", lambda: repository_settings.actions_differences(settings, reader)),
        ("variables", lambda: repository_settings.variable_differences(settings, reader)),
        ("runner groups", lambda: repository_settings.runner_group_differences(settings, reader)),
        ("OIDC subject", lambda: repository_settings.subject_differences(settings, reader)),
    ]
    differences: list[Difference] = []
    for where, part in parts:
        try:
            differences += part()
        except GitHubError as error:
            shown = explained(error)
            differences.append(Difference(where, f"cannot be read: {shown.message}", fix=shown.fix or "check again"))
    return differences
