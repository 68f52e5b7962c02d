"""Changes of small stacks that were seeded, and the headline that a review has to give them.

They are what this repository's own stacks (`real_seeds.py`) do not have. `python -m tests.review.seeded` writes both as
the tables of docs/review-headlines.md.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.review import make
from groundwork.review.charts import Charts
from groundwork.review.render import summary
from groundwork.review.rules import Policies
from tests.review import charted, packaged
from tests.review.real_seeds import OURS, SEEDS, RealSeed
from tests.review.trees import STACK, Terraform, resources, tree

PAGE = Path(__file__).parents[2] / "docs" / "review-headlines.md"
POLICIES = Path(__file__).parents[2] / "policies"
PROVIDER = {"aws": [{"allowed_account_ids": [OURS], "region": "eu-west-2"}]}
_PAGE = """# What a review says first

The first line of a review is its most severe fact, and each finding leads with a line that the change wrote or deleted.
Where no rule matches, the first line says how much changes. The last column says why a rule is there. The tables are
generated from the tests (`python -m tests.review.seeded`).

## In the stacks of this repository

Each row is a commit that `tests/review/test_real_seeds.py` makes and reviews, in an environment dev.

{real}
## In small stacks

Each row is a change that `tests/review/test_seeded.py` makes.

{small}"""
_HEAD = """| Change | Headline | Why |
|---|---|---|
"""


@dataclass(frozen=True)
class Seeded:
    """A change of one stack, and the first line of its review without its environment.

    `reason` says why it matters. A side is the stack's Terraform, or a function that writes a folder laid out for a
    review.
    """

    name: str
    reason: str
    base: Terraform | Callable[[Path], Path]
    head: Terraform | Callable[[Path], Path]
    headline: str
    stack: str = STACK

    def first_line(self, scratch: Path) -> str:
        """What the review says; `scratch` is an empty folder."""
        sides = [
            side(scratch / name) if callable(side) else tree(scratch / name, {self.stack: side})
            for name, side in (("base", self.base), ("head", self.head))
        ]
        (scratch / "policies").mkdir()
        for rule in POLICIES.glob("*.py"):  # a rule in Rego would need its program
            shutil.copy(rule, scratch / "policies")
        report, *_ = make.make(
            *sides, names=("b" * 40, "a" * 40), charts=Charts(charted.helm), policies=Policies(scratch / "policies")
        )
        return summary.verdict(report).title.removeprefix(f"{self.stack.partition('-')[0]}: ")


def page() -> str:
    """The text of PAGE."""
    return _PAGE.format(real=_table(SEEDS), small=_table(CHANGES))


def _table(changes: Iterable[Seeded | RealSeed]) -> str:
    return _HEAD + "".join(
        f"| {change.name} | {_cell(change.headline)} | {_cell(change.reason)} |\n" for change in changes
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def _stack(**by_type: Any) -> dict[str, Any]:
    return {"provider": PROVIDER, **resources(**by_type)}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _trust(principal: Any, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"name": "a", "assume_role_policy": _policy(statement)}


def _zip(files: Mapping[str, str]) -> Callable[[Path], Path]:
    return lambda folder: packaged.folder(folder, files)


def _logs(days: int) -> dict[str, Any]:
    return _stack(aws_cloudwatch_log_group={"x": {"name": "a", "retention_in_days": days}})


CHANGES = (
    Seeded(
        "a trail that no longer records",
        "The trail stays, and records nothing.",
        _stack(aws_cloudtrail={"x": {"enable_logging": True}}),
        _stack(aws_cloudtrail={"x": {"enable_logging": False}}),
        "The trail no longer records",
    ),
    Seeded(
        "a role for everyone of an organisation",
        "The condition alone limits it, so the finding names it.",
        _stack(aws_iam_role={"x": _trust({"Service": "ec2.amazonaws.com"})}),
        _stack(aws_iam_role={"x": _trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})}),
        "The role may now be assumed by everyone, limited by aws:principalorgid StringEquals o-1",
    ),
    Seeded(
        "a bucket is no longer managed",
        "It costs and can be reached, and no review sees it any more.",
        _stack(aws_s3_bucket={"x": {"bucket": "a"}}),
        {**_stack(), "removed": [{"from": "aws_s3_bucket.x", "lifecycle": {"destroy": False}}]},
        "aws_s3_bucket a is no longer managed: it stays in AWS, and no code describes it",
    ),
    Seeded(
        "a `removed` block of what only the state has",
        "The code never had it, so that nothing else in the diff names it.",
        _stack(),
        {**_stack(), "removed": [{"from": "aws_s3_bucket.x"}]},
        "A removed block destroys aws_s3_bucket.x, and its objects with it",
    ),
    Seeded(
        "another provider",
        "A provider is a program, and gets the credentials.",
        _stack(),
        {**_stack(), "terraform": {"required_providers": {"http": {"source": "hashicorp/http"}}}},
        "Provider http is new, from hashicorp/http: its program runs with the stack's credentials",
    ),
    Seeded(
        "a password in a function's code",
        "It is in every zip that was ever uploaded.",
        _zip({"populate/a.py": "\n"}),
        _zip({"populate/a.py": 'PASSWORD: str = "correct-horse-battery"\n'}),
        "filename: populate/a.py looks like a secret in plain text: name where it is kept instead, and replace the "
        "secret",
    ),
    Seeded(
        "other files of a package under the same version",
        "The same version has other content: that is how a supply chain is attacked.",
        _zip(packaged.PACKAGES),
        _zip({**packaged.PACKAGES, "boto3/session.py": "b = 2\n"}),
        "The files of package boto3 1.40.0 differ, although its version is the same",
    ),
    Seeded(
        "production's logs are kept for 30 days (a rule of `policies/`)",
        "The organisation's rule leads over the built-in one.",
        _logs(400),
        _logs(30),
        "The log group keeps entries for 30 days; production keeps them for 365; Log lines are kept for 30 instead "
        "of 400 days",
        stack="prod-data",
    ),
)

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
