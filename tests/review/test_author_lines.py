"""Which edited line comes first where several could explain a change: judged without a synthesis."""

from __future__ import annotations

from typing import Any

from groundwork.review.authorship import Authors
from groundwork.review.edits import Edit
from groundwork.review.model import Line
from tests.review.trees import STACK, resources, review

PYTHON, DEV, PROD = f"stacks/{STACK}.py", "environments/dev.yaml", "environments/prod.yaml"
NOW = Line(file=PYTHON, line=1)


def written(*lines: tuple[str, str]) -> list[Edit]:
    """Edits: file and text, numbered from 11 on so that none is the line that creates the resource."""
    return [Edit(Line(file=file, line=number), text) for number, (file, text) in enumerate(lines, 11)]


def first_line(before: Any, after: Any, edits: list[Edit], *, type_: str = "x_y", python: str = "") -> Line:
    """The first line of the only resource, `second`, whose attributes change like this."""
    report = review(resources(**{type_: {"second": before}}), resources(**{type_: {"second": after}}))
    named = Authors(edits, before=lambda _: python, after=lambda _: python).named(report)
    return named.stacks[0].resources[0].origin[0]


def test_the_line_with_the_new_value_comes_first() -> None:
    edits = written((PYTHON, "days = 30"), (PYTHON, "days = 7"), (PYTHON, "size = 7000"))
    assert first_line({"days": 90}, {"days": 7}, edits).line == 12


def test_a_value_of_another_environment_is_never_the_cause() -> None:
    edits = written((PROD, "days: 7"), (DEV, "days: 7"))
    assert first_line({"days": 90}, {"days": 7}, edits) == Line(file=DEV, line=12)


def test_comments_tests_and_documents_are_never_the_cause() -> None:
    edits = written((PYTHON, "# days = 7"), ("tests/test_x.py", "days = 7"), ("README.md", "7 days"), (PYTHON, "x = 1"))
    assert first_line({"days": 90}, {"days": 7}, edits).line == 14


def test_where_values_are_hidden_the_resource_s_name_decides() -> None:
    edits = written((PYTHON, 'Parameter(self, "first", value=a)'), (PYTHON, 'Parameter(self, "second", value=b)'))
    before, after = ({"name": "n", "value": f"correct-horse-{n}"} for n in "ab")
    assert first_line(before, after, edits, type_="aws_ssm_parameter").line == 12


def test_a_statement_of_several_lines_is_the_frame_of_each_of_them() -> None:
    python = 'Bucket(\n    self,\n    "second",\n    days=7,\n)\nsecond_days = 7\n'
    edits = [Edit(Line(file=PYTHON, line=4), "    days=7,"), Edit(Line(file=PYTHON, line=6), "second_days = 7")]
    assert first_line({"days": 90}, {"days": 7}, edits, python=python).line == 4


def test_the_only_edited_file_explains_what_has_nothing_in_common_with_it() -> None:
    edits = written(("stacks/values/naming.py", "return hashed(parts)"))
    assert first_line({"days": 90}, {"days": 7}, edits) == Line(file="stacks/values/naming.py", line=11)


def test_without_a_possible_cause_the_creating_line_stays_first() -> None:
    assert first_line({"days": 90}, {"days": 7}, written((PROD, "days: 7"))) == NOW
