"""A review as comments on a pull request: its content, that hostile text is harmless, and how long reviews split."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.review.model import Kind, Line, Review
from groundwork.review.render.markdown import markdown
from groundwork.review.render.parts import MARKER
from tests.review.render import samples
from tests.review.render.gfm import ALLOWED_TAGS, is_whole, parse

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["pull_request", "hostile", "nothing"])
def test_the_comments_are_as_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{name}.md"
    text = "\n<!-- next comment -->\n".join(markdown(getattr(samples, name)()))
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text(), "if that is intended: pytest tests/review/render --update-golden"


def test_for_a_refactoring_the_comment_is_only_no_change() -> None:
    (comment,) = markdown(samples.nothing())
    assert re.sub(r"<!--.*?-->\n", "", comment) == "no change\n"
    assert comment.startswith(f"{MARKER}\n")


def test_with_a_blocked_stack_the_comment_is_not_no_change() -> None:
    nothing = samples.nothing()
    waits = nothing.stacks[0].model_copy(update={"plan": samples.plan("blocked", why="waits for dev-network")})
    (comment,) = markdown(nothing.model_copy(update={"stacks": (waits, *nothing.stacks[1:])}))
    assert "no change" not in comment
    assert "waits for dev-network" in comment


def test_only_equal_reviews_have_equal_fingerprints() -> None:
    def fingerprint(review: Review) -> str:
        match = re.search(r"fingerprint=(\w+)", markdown(review)[0])
        assert match
        return match[1]

    assert fingerprint(samples.pull_request()) == fingerprint(samples.pull_request())
    assert fingerprint(samples.pull_request()) != fingerprint(samples.nothing())


def test_the_same_risk_in_several_environments_is_one_line() -> None:
    (comment,) = markdown(samples.pull_request())
    assert comment.partition("#### Risks")[2].count("Port 443 is opened") == 1
    assert "`prod-network`, `dev-network`" in comment


def test_a_risk_of_one_line_with_several_callers_is_one_line() -> None:
    review = samples.large(4, stacks=4, risks=1)
    callers = [(*review.risks[0].origin, Line(file="stacks/a.py", line=n)) for n in range(3)]
    risks = tuple(
        review.risks[0].model_copy(update={"origin": origin, "address": f"aws_x.{i}"})
        for i, origin in enumerate(callers)
    )
    (comment,) = markdown(review.model_copy(update={"risks": risks}))
    assert comment.partition("#### Risks")[2].count("Parameter 0 is readable") == 1
    assert "`aws_x.0`, `aws_x.1`, `aws_x.2`" in comment


def test_a_policy_is_compared_statement_by_statement() -> None:
    (comment,) = markdown(samples.pull_request())
    added = {line[1:].strip() for _, body in parse(comment).fences for line in body.split("\n") if line.startswith("+")}
    assert '"s3:DeleteObject"' in added
    assert not any("2012-10-17" in line for line in added)


def test_lines_of_python_are_links_if_the_repository_s_address_is_known() -> None:
    (comment,) = markdown(samples.pull_request(), blob_url="https://github.example/acme/infra/blob/abc/")
    assert "https://github.example/acme/infra/blob/abc/stacks/data.py#L87" in parse(comment).links
    odd = samples.pull_request().stacks[1].resources[0].model_copy(update={"origin": (Line(file="a b)(.py", line=1),)})
    stack = samples.pull_request().stacks[1].model_copy(update={"resources": (odd,)})
    review = samples.pull_request().model_copy(update={"stacks": (stack,), "risks": ()})
    assert parse(markdown(review, blob_url="https://h/b")[0]).links == ["https://h/b/a%20b%29%28.py#L1"]


def test_hostile_text_is_harmless_in_a_comment() -> None:
    for comment in markdown(samples.hostile()):
        parsed = parse(comment)
        assert set(parsed.tags) - {"!--"} <= ALLOWED_TAGS
        assert all(re.fullmatch(r"(<[^<>]*>|&#\d+;|[^<>])*", raw) for raw in parsed.html)
        assert all(link.startswith("https://rules.example/a%29%5D%28javascript:") for link in parsed.links)
        assert "image" not in parsed.tokens
        for text in [*parsed.text, *(html.unescape(re.sub(r"<code>.*?</code>", "", raw)) for raw in parsed.html)]:
            assert not re.search(r"@\w|#\d|\bGH-\d|\w://|www\.", text), text
        assert is_whole(comment)
        assert comment.isprintable() or set(filter(lambda c: not c.isprintable(), comment)) <= {"\n", "\u200b"}
    fences = [body for comment in markdown(samples.hostile()) for _, body in parse(comment).fences]
    assert any("@acme/admins please merge" in body for body in fences)


def test_a_changed_hidden_value_is_marked_as_changed() -> None:
    (comment,) = markdown(samples.pull_request())
    assert "! password changes; what changes is sensitive and not shown" in comment


def test_the_advice_stands_once_inside_its_finding() -> None:
    (comment,) = markdown(samples.pull_request())
    advice = 'self.topic = SnsTopic(self, "alarms", name="alarms")  # stacks/data.py:131'
    before, _, after = comment.partition(advice)
    assert before.endswith("`stacks/data.py:131`\n  ```python\n  ")
    assert after.startswith("\n  ```\n- ")
    assert advice not in after


def test_of_a_long_advice_the_rest_is_counted() -> None:
    review = samples.pull_request()
    advice = "\n".join(f"line {number}" for number in range(100))
    long = review.model_copy(update={"risks": (review.risks[0].model_copy(update={"advice": advice}),)})
    (comment,) = markdown(long)
    assert "  line 29\n  # … 70 more lines are in review.json\n  ```" in comment


def test_a_line_of_base_links_to_base() -> None:
    review = samples.pull_request()
    (first, *_), line = review.risks, Line(file="stacks/data.py", line=3, now=0)
    gone = review.model_copy(update={"base": "b1", "risks": (first.model_copy(update={"origin": (line,)}),)})
    (comment,) = markdown(gone, blob_url="https://h.example/o/r/blob/a1")
    assert "[`stacks/data.py:3`](https://h.example/o/r/blob/b1/stacks/data.py#L3)" in comment
    assert "(https://h.example/o/r/blob/a1/stacks/" in comment


def test_a_waiting_stack_comes_after_all_waves() -> None:
    review = samples.pull_request()
    waiting = samples.plan("waiting", why="waits for prod-data")
    stacks = [s.model_copy(update={"plan": waiting}) if s.stack == "prod-workloads" else s for s in review.stacks]
    (comment,) = markdown(review.model_copy(update={"stacks": tuple(stacks)}))
    assert re.search(r"^4\. <code>prod-workloads</code>$", comment, flags=re.MULTILINE)
    assert "⚪ **waiting**<br>+1 ~0 −0 · wave 4" in comment  # noqa: RUF001 - as it is written


def test_a_limit_that_cannot_hold_a_change_is_refused() -> None:
    with pytest.raises(ValueError, match="limit=5000"):
        markdown(samples.pull_request(), limit=5_000)


def check_parts(review: Review, limit: int) -> list[str]:
    """The comments of a review, after checking everything that holds for all comments."""
    made = markdown(review, limit=limit)
    assert all(len(comment) <= limit for comment in made)
    assert all(comment.startswith(f"{MARKER}\n") and is_whole(comment) for comment in made)
    for number, comment in enumerate(made, start=1):
        parse(comment)  # fails if a block of code is open
        assert f"part={number}/{len(made)} " in comment
        announces_next = f"_Continued in the next comment, part {number + 1} of {len(made)}._" in comment
        assert announces_next == (number < len(made))
    text = "".join(made)
    counts = Counter(re.findall(r"^`.` \*\*\w+\*\* (`[^`]+`)", text, flags=re.MULTILINE))
    assert counts == Counter(f"`{r.address}`" for s in review.stacks for r in s.resources)
    return made


def test_a_long_review_is_several_comments_with_the_summary_first() -> None:
    review = samples.large(900)
    made = check_parts(review, 65_000)
    assert len(made) > 2
    assert "#### Risks" in made[0]
    assert "#### Order" in made[0]
    for stack in review.stacks:
        assert f"<code>{stack.stack}</code>" in made[0]
    for risk in review.risks:
        assert risk.sentence in made[0]


def test_risks_that_do_not_fit_into_the_summary_follow_it() -> None:
    made = check_parts(samples.large(40, stacks=8, risks=600), 20_000)
    listed = {number for comment in made for number in re.findall(r"Parameter (\d+) is readable", comment)}
    assert len(listed) == 600
    match = re.search(r"… and (\d+) more below", made[0])
    assert match
    assert f"<b>{match[1]} more risks</b>" in made[0] + made[1]


def test_a_resource_longer_than_a_comment_continues_in_the_next() -> None:
    document = {f"key{number}": "x" * 100 for number in range(600)}
    big = samples.resource("dev-a", "aws_x.big", Kind.ADDED, samples.attribute("document", None, document))
    stack = samples.large(1, stacks=1).stacks[0].model_copy(update={"resources": (big,)})
    made = check_parts(Review(base="a", head="b", stacks=(stack,), risks=()), 20_000)
    text = "".join(made)
    assert all(f'"key{number}"' in text for number in range(600))
    assert "… `aws_x.big`, continued" in text


WORDS = st.text(alphabet="ab`~|<>@#&*_[]()!\\\n\t{}$:/-. \u202eé漢😀", min_size=1, max_size=60)


@settings(max_examples=25, deadline=None)
@given(
    resources=st.integers(0, 120),
    stacks=st.integers(1, 12),
    risks=st.integers(0, 80),
    limit=st.integers(20_000, 40_000),
    odd=st.lists(WORDS, min_size=1, max_size=4),
    size=st.integers(1, 300),
)
def test_every_part_of_a_split_review_is_well_formed(
    resources: int, stacks: int, risks: int, limit: int, odd: list[str], size: int
) -> None:
    review = samples.large(resources, stacks, risks)
    # Values of any size made of characters that have a meaning in Markdown.
    values = [samples.attribute(f"odd{n}", text * size, {text: [text] * min(size, 40)}) for n, text in enumerate(odd)]
    first = review.stacks[0]
    more = samples.resource(first.stack, "aws_x.odd", Kind.CHANGED, *values)
    text = "\n".join(odd) * size
    plan = samples.plan("change", change=1, text=text, why=odd[0])
    first = first.model_copy(update={"resources": (*first.resources, more), "plan": plan})
    check_parts(review.model_copy(update={"stacks": (first, *review.stacks[1:])}), limit)
