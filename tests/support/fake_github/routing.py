"""Routes a call to its handler, and checks whether its token may make the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Map, Rule

from tests.support.fake_github.runs import RunJob
from tests.support.fake_github.state import Refusal, State
from tests.support.fake_github.workflows import grants

# A workflow's token never has these, whatever permissions its file grants.
ADMINISTRATION = (
    "administration", "environments", "variables", "members", "organization-administration",
    "organization-self-hosted-runners",
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Whose token it is: a job's, or a person's."""

    login: str
    job: RunJob | None = None
    admin: bool = False

    def may(self, scope: str, level: str) -> bool:
        """Whether the token may do what takes `scope: level`."""
        if self.job is not None:
            return scope not in ADMINISTRATION and grants(self.job.permissions, scope, level)
        return self.admin or (scope not in ADMINISTRATION)


@dataclass(frozen=True)
class Call:
    """One call with everything a handler may ask for."""

    state: State
    caller: Caller
    query: Mapping[str, str]
    body: Any
    fake: Any

    @property
    def author(self) -> str:
        """The author of what the call writes."""
        return "github-actions[bot]" if self.caller.job else self.caller.login


@dataclass(frozen=True)
class Paged:
    """A list that is answered page by page; `key` wraps it as `{total_count, key: [...]}`."""

    items: list[Any]
    key: str = ""


@dataclass(frozen=True)
class Created:
    """An answer with status 201."""

    value: Any


Handler = Callable[..., Any]
_RULES: list[Rule] = []
_NEEDS: dict[str, tuple[tuple[str, str], ...]] = {}
_HANDLERS: dict[str, Handler] = {}


def route(method: str, path: str, needs: str) -> Callable[[Handler], Handler]:
    """Register a handler. `needs` is `scope: level`, or alternatives with ` or ` between them. Paths are relative to
    the repository unless they begin with `/`.
    """

    def register(handler: Handler) -> Handler:
        where = path if path.startswith("/") else f"/repos/<owner>/<name>/{path}".rstrip("/")
        endpoint = f"{method} {where}"
        _RULES.append(Rule(where, methods=[method], endpoint=endpoint))
        alternatives = (alternative.split(": ") for alternative in needs.split(" or "))
        _NEEDS[endpoint] = tuple((scope, level) for scope, level in alternatives)
        _HANDLERS[endpoint] = handler
        return handler

    return register


def url_map() -> Map:
    """Every registered route."""
    return Map([rule.empty() for rule in _RULES], strict_slashes=False)


def answer(endpoint: str, call: Call, path: dict[str, str]) -> Any:
    """The handler's answer. Raises Refusal in GitHub's words if the token may not make the call."""
    needs = _NEEDS[endpoint]
    owner, name = path.pop("owner", None), path.pop("name", None)
    if owner is not None and f"{owner}/{name}" != call.state.repository:
        raise Refusal(404, "Not Found")
    if not any(call.caller.may(scope, level) for scope, level in needs):
        accepted = "; ".join(f"{scope.replace('-', '_')}={level}" for scope, level in needs)
        if call.caller.job is None:
            raise Refusal(403, "Must have admin rights to Repository.", accepted=accepted)
        raise Refusal(403, "Resource not accessible by integration", accepted=accepted)
    return _HANDLERS[endpoint](call, **path)
