"""How live settings are compared: readers, differences, and the calls that correct them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class ApiCall:
    """One call to GitHub's API; `path` lies below the repository unless it begins with `/`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    def absolute(self, repository: str) -> str:
        """The path from the API's root."""
        return self.path if self.path.startswith("/") else f"/repos/{repository}/{self.path}"


@dataclass(frozen=True)
class Difference:
    """What differs, where, and the calls that correct it. Without calls a person has to: `fix` says how."""

    where: str
    sentence: str
    calls: tuple[ApiCall, ...] = ()
    fix: str = "gw github setup"

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}\n    fix: {self.fix}"


class Reader(Protocol):
    """Reads settings: GitHub's API, or a repository without any."""

    def find(self, path: str, *, needs: str = "") -> Any | None:
        """The answer for a path, None where it does not exist."""

    def pages(self, path: str, *, key: str = "", needs: str = "") -> Iterable[Any]:
        """All items of a list."""


class EmptyRepository:
    """A repository without settings, so that all calls can be shown without a request to GitHub."""

    def find(self, path: str, *, needs: str = "") -> Any | None:  # noqa: ARG002 - the protocol's
        """None."""
        return None

    def pages(self, path: str, *, key: str = "", needs: str = "") -> Iterator[Any]:  # noqa: ARG002 - the protocol's
        """No items."""
        return iter(())


def holds(wanted: Any, live: Any) -> bool:
    """Whether `live` contains everything in `wanted`: GitHub adds keys with defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            key in live and holds(value, live[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(live, list) or len(wanted) != len(live):
            return False
        return all(any(holds(item, other) for other in live) for item in wanted)
    return bool(wanted == live)
