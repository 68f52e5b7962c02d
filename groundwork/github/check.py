"""Compares live settings with the desired ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from groundwork.errors import GitHubError
from groundwork.github import environment_settings, repository_settings
from groundwork.github.difference import Difference, Reader
from groundwork.github.limits import explained
from groundwork.github.settings import EnvironmentSettings, Settings


def check(settings: Settings, reader: Reader) -> list[Difference]:
    """Everything that differs. What the token may not see counts as a difference: nobody has looked at it."""
    owner = settings.repository.partition("/")[0]

    def of(one: EnvironmentSettings) -> Callable[[], Iterator[Difference]]:
        return lambda: environment_settings.differences(one, owner, reader)

    parts: list[tuple[str, Callable[[], Iterator[Difference]]]] = [
        *((f"environment {one.name}", of(one)) for one in settings.environments),
        ("rulesets", lambda: repository_settings.ruleset_differences(settings, reader)),
        ("Actions", lambda: repository_settings.actions_differences(settings, reader)),
        ("OIDC subject", lambda: repository_settings.subject_differences(settings, reader)),
    ]
    found: list[Difference] = []
    for where, part in parts:
        try:
            found += part()
        except GitHubError as error:
            told = explained(error)
            found.append(Difference(where, f"could not be looked at: {told.message}", fix=told.fix or "look again"))
    return found
