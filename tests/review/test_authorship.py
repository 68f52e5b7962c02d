"""The first line of every finding is one that the change wrote or deleted, in changes of this repository's stacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from groundwork.github import diagnostics
from groundwork.review.model import Line, Review
from groundwork.review.render.blob_urls import BlobUrls
from tests.review.real_changes import Edits, RealStacks

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real stacks")]
BUCKET, ARCHIVE = "stacks/blocks/storage/private_bucket.py", "stacks/blocks/storage/archive_bucket.py"
KEY, CATALOG, VALUES = "stacks/blocks/security/encryption_key.py", "stacks/catalog.py", "environments/dev.yaml"
OWNERSHIP = """\
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=bucket_id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            provider=provider,
        )
"""


def of_risk(words: str) -> Callable[[Review], Line]:
    """The first line of the only risk with these words, or of the first of equal ones."""
    return lambda review: next(risk.origin[0] for risk in review.risks if words in risk.sentence)


def of_resource(type_: str) -> Callable[[Review], Line]:
    """The first line of the first resource of a type."""
    return lambda review: next(
        item.origin[0] for stack in review.stacks for item in stack.resources if item.type == type_
    )


@pytest.mark.parametrize(
    ("edits", "line_of", "file", "text"),
    [
        pytest.param(
            {VALUES: ("tag: 6.9.1", "tag: 6.9.2")}, of_resource("helm_release"), VALUES, "tag: 6.9.2", id="a value",
        ),
        pytest.param(
            {VALUES: ("team: platform", "team: other"), ARCHIVE: ("old_version_days=90", "old_version_days=30")},
            of_resource("aws_s3_bucket_lifecycle_configuration"), ARCHIVE,
            "expire_days=keep_days, old_version_days=30, infrequent_access_days=infrequent_access_days",
            id="an argument of a call, beside another change",
        ),
        pytest.param(
            {ARCHIVE: ('            sid="AddObjects",\n            actions=["s3:PutObject"],',
                       '            sid="AddObjects",\n            actions=["s3:PutObject", "s3:DeleteObject"],')},
            of_risk("gains: s3:DeleteObject"), ARCHIVE, 'actions=["s3:PutObject", "s3:DeleteObject"],',
            id="a helper that creates nothing",
        ),
        pytest.param(
            {KEY: ("            enable_key_rotation=True,\n            rotation_period_in_days=rotation_days,\n", "")},
            of_resource("aws_kms_key"), KEY, "enable_key_rotation=True,", id="a deleted argument",
        ),
        pytest.param(
            {BUCKET: (OWNERSHIP, "")}, of_resource("aws_s3_bucket_ownership_controls"), BUCKET,
            "S3BucketOwnershipControls(", id="a deleted resource",
        ),
        pytest.param(
            {CATALOG: ("    archive = ArchiveStack(scope, environment)\n", "    archive = None\n")},
            of_risk("The stack is no longer in the code"), CATALOG, "archive = ArchiveStack(scope, environment)",
            id="a stack that left",
        ),
        pytest.param(
            {VALUES: ("  waf: true", "  waf: false")}, of_resource("aws_wafv2_web_acl"), VALUES, "waf: false",
            id="a value that decides whether something exists",
        ),
    ],
)  # fmt: skip
def test_the_line_is_the_author_s(
    stacks: RealStacks, edits: Edits, line_of: Callable[[Review], Line], file: str, text: str
) -> None:
    head = stacks.change(edits)
    line = line_of(stacks.review(head))
    assert (line.file, stacks.text_of(line, head)) == (file, text)


def test_no_line_is_of_main_and_each_is_part_of_the_change(stacks: RealStacks) -> None:
    edits = {VALUES: ("  waf: true", "  waf: false"), ARCHIVE: ("old_version_days=90", "old_version_days=30")}
    report = stacks.review(stacks.change(edits))
    origins = [item.origin for stack in report.stacks for item in stack.resources]
    origins += [risk.origin for risk in report.risks]
    assert len(origins) > 10
    assert {origin[0].file for origin in origins} == {VALUES, ARCHIVE}
    assert not [line for origin in origins for line in origin if line.file == "main.py"]


def test_a_removed_resource_leads_to_base_and_is_annotated_where_it_was(stacks: RealStacks) -> None:
    head = stacks.change({CATALOG: ("    archive = ArchiveStack(scope, environment)\n", "    archive = None\n")})
    report = stacks.review(head)
    line = of_risk("The stack is no longer in the code")(report)
    url = BlobUrls(f"https://github.example/o/r/blob/{head}", base=stacks.base).of(line)
    assert url == f"https://github.example/o/r/blob/{stacks.base}/{CATALOG}#L{line.line}"
    (annotation,) = [
        each.annotation() for each in diagnostics.of_review(report) if "no longer in the code" in each.message
    ]
    text = stacks.text_of(Line(file=annotation.file, line=annotation.line), head)
    assert (annotation.file, text) == (CATALOG, "archive = None")
