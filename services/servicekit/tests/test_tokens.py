"""Who may call."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from servicekit.tokens import Tokens


@pytest.mark.row("3.13")
@pytest.mark.parametrize(
    ("presented", "accepted"),
    [("new", True), (" old ", True), ("Bearer new", True), ("bearer  old", True), ("Bearer", False), ("", False),
     ("newer", False), ("ne", False), (None, False), ("Basic new", False), ("nëw", False)],
)  # fmt: skip
def test_both_tokens_of_a_rotation_are_accepted_and_no_other(presented: str | None, accepted: bool) -> None:
    assert Tokens([SecretStr("new"), SecretStr("old")]).accepts(presented) is accepted


def test_after_the_rotation_the_old_token_is_refused() -> None:
    assert not Tokens([SecretStr("new"), None]).accepts("old")


@pytest.mark.parametrize("tokens", [[], [None], [SecretStr(" ")], [SecretStr("new"), SecretStr("")]])
def test_an_empty_token_is_refused_at_the_start(tokens: list[SecretStr | None]) -> None:
    with pytest.raises(ValueError, match="empty"):
        Tokens(tokens)
