"""A review's advice against a rename, applied to this repository's stacks, makes the next review find no difference."""

from __future__ import annotations

import re

import pytest

from groundwork.review.model import Concern, Kind, Review, Risk
from groundwork.review.render import summary
from tests.review.real_changes import Edits, RealStacks

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real stacks")]
ARCHIVE, API = "stacks/archive.py", "stacks/api.py"
BUCKET, KEY = "stacks/blocks/storage/archive_bucket.py", "stacks/blocks/security/encryption_key.py"
ARCHIVE_ID = ('            self,\n            "archive",\n', '            self,\n            "archive_store",\n')
WRAPPED = (
    '            self,\n            "archive",\n',
    '            Construct(self, "storage"),\n            "archive",\n',
)
_AT = re.compile(r"(?P<python>.*)  # (?P<file>[\w/]+\.py):(?P<line>\d+)")
_END = re.compile(r"# at the end of \w+\.__init__, (?P<file>[\w/]+\.py):(?P<line>\d+)\n(?P<python>.*)", re.DOTALL)


def of_renames(review: Review) -> list[Risk]:
    """The risks with advice, each of them once."""
    return list({risk.advice: risk for risk in review.risks if risk.advice}.values())


def follow(stacks: RealStacks, advice: str) -> None:
    """Apply an advice to the checkout, as a person would."""
    if replaced := _AT.fullmatch(advice):
        path, number = stacks.root / replaced["file"], int(replaced["line"]) - 1
        lines = path.read_text().split("\n")
        indentation = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        lines[number] = indentation + replaced["python"]
    else:
        appended = _END.fullmatch(advice)
        assert appended is not None, advice
        path, number = stacks.root / appended["file"], int(appended["line"])
        lines = path.read_text().split("\n")
        lines[number:number] = [f"        {line}" for line in appended["python"].split("\n")]
    path.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("edits", "sentences"),
    [
        pytest.param(
            {ARCHIVE: ARCHIVE_ID},
            ["The id archive becomes archive_store: 17 resources, 3 hold data; Terraform destroys them and creates "
             "them again. To avoid that, keep the id archive."],
            id="a block with nested constructs",
        ),
        pytest.param(
            {KEY: ('            "key",\n', '            "the_key",\n')},
            ["The id key becomes the_key: 1 resource, 1 holds data; Terraform destroys it and creates it again. To "
             "avoid that, keep the id key."],
            id="a line that several stacks share",
        ),
        pytest.param(
            {ARCHIVE: ARCHIVE_ID, BUCKET: ('            "encryption",\n', '            "cipher",\n')},
            ["The id encryption becomes cipher: 2 resources, 1 holds data",
             "The id archive becomes archive_store: 17 resources, 3 hold data"],
            id="an id through a helper, inside of another one",
        ),
    ],
)  # fmt: skip
def test_the_id_that_is_advised_makes_it_no_change(stacks: RealStacks, edits: Edits, sentences: list[str]) -> None:
    report = stacks.review(stacks.change(edits))
    renamed = [item for stack in report.stacks for item in stack.resources if item.kind is Kind.RENAMED]
    assert len(renamed) > len(of_renames(report)) > 0
    assert [risk.sentence[: len(sentence)] for risk, sentence in zip(of_renames(report), sentences, strict=True)] == [
        *sentences
    ]
    # Without the false findings of policies that only have another address.
    assert {risk.concern for risk in report.risks} == {Concern.DATA_LOSS}
    for risk in of_renames(report):
        follow(stacks, risk.advice)
    assert summary.nothing_changed(stacks.review(stacks.commit("advice")))


def test_the_moves_that_are_advised_keep_what_has_another_place(stacks: RealStacks) -> None:
    report = stacks.review(stacks.change({ARCHIVE: WRAPPED}))
    (risk,) = of_renames(report)
    assert risk.sentence.startswith("What was archive is now storage/archive: 17 resources, 3 hold data")
    follow(stacks, risk.advice)
    report = stacks.review(stacks.commit("advice"))
    assert report.risks == ()
    assert {item.moved for stack in report.stacks for item in stack.resources} == {True}


def test_a_widening_among_renamed_resources_is_the_only_other_finding(stacks: RealStacks) -> None:
    writes = '                    actions=["s3:PutObject"],\n                    resources=[f"{arn}/{prefix}*"],\n'
    reads_too = writes.replace('["s3:PutObject"]', '["s3:PutObject", "s3:GetObject"]')
    report = stacks.review(stacks.change({ARCHIVE: ARCHIVE_ID, BUCKET: (writes, reads_too)}))
    (renamed, widened) = report.risks
    assert renamed.sentence.startswith("The id archive becomes archive_store: 17 resources")
    assert widened.sentence.startswith(
        "The policy on the resource gains: s3:GetObject on arn:aws:s3:::acme-dev-archive"
    )
    assert widened.concern is Concern.ACCESS
