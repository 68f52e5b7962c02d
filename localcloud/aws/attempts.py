"""Answers a repeated attempt of a request as the first attempt was answered.

A client on a busy machine can lose the answer to a request that was carried out, and tries again. Carried out twice, a
revoke finds nothing to revoke, a create finds its name taken, and a key, which has no name, is made again. AWS's SDKs
give all attempts of a request the same id. A snapshot has the latest answers: the attempts may be on both sides of a
kill.
"""

from __future__ import annotations

from collections import OrderedDict

from localcloud.aws.routing import Request, Response

_MAX_ANSWERS = 2000  # far more than clients wait for at a time
_MAX_SAVED = 200  # the others were waited for before the last seconds
_MAX_BYTES = 100_000  # of an answer; a longer one is not remembered
_ID = "amz-sdk-invocation-id"
SavedAnswer = tuple[str, int, bytes, tuple[tuple[str, str], ...]]


class Attempts:
    """The latest successful answers to requests that may change something, by the SDK's id. Hold the lock meanwhile."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Response] = OrderedDict()

    def dump(self) -> list[SavedAnswer]:
        """The latest answers as plain data: id, status, body, headers."""
        latest = list(self._answers.items())[-_MAX_SAVED:]
        return [(identifier, each.status, each.body, tuple(each.headers)) for identifier, each in latest]

    def restore(self, answers: list[SavedAnswer]) -> None:
        """Remember the answers of a snapshot."""
        for identifier, status, body, headers in answers:
            self._answers[identifier] = Response(status, body, headers)

    def earlier(self, request: Request) -> Response | None:
        """The answer to an earlier attempt of this request; None where this is the first."""
        identifier = request.headers.get(_ID)
        return self._answers.get(identifier) if identifier else None

    def remember(self, request: Request, response: Response) -> None:
        """Remember a success; a refusal is decided anew, since waiting may have helped."""
        identifier = request.headers.get(_ID)
        if not identifier or request.method in {"GET", "HEAD"}:
            return
        if response.status >= 300 or len(response.body) > _MAX_BYTES:
            return
        self._answers[identifier] = response
        while len(self._answers) > _MAX_ANSWERS:
            self._answers.popitem(last=False)


ATTEMPTS = Attempts()
"""Those of this process, which serves one AWS."""
