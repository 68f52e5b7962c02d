"""Reads stacks, steps, errors and results from the lines that cdktf and Terraform print."""

from __future__ import annotations

import pytest

from groundwork.terraform import printed as output
from groundwork.terraform.printed import StackLog


def test_lines_are_split_into_stack_and_text_without_colours() -> None:
    reader = output.Reader()
    printed = [
        "\x1b[1mlocal-network\x1b[0m  Error: expected cidr_block\n",
        "",
        "                 with aws_vpc.bad,\n",
        "local-api  aws_sqs_queue.q: Creating...\n",
        "           Apply complete!\n",
        "0 Stacks deploying     1 Stack done\n",
    ]
    assert [reader.line(raw) for raw in printed] == [
        output.Line("local-network", "Error: expected cidr_block"),
        output.Line("local-network", ""),
        output.Line("local-network", "  with aws_vpc.bad,"),
        output.Line("local-api", "aws_sqs_queue.q: Creating..."),
        output.Line("local-api", "Apply complete!"),
        output.Line("", "0 Stacks deploying     1 Stack done"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws_vpc.vpc: Creating...", output.Step("aws_vpc.vpc", done=False)),
        ("aws_vpc.vpc (network/vpc): Creating...", output.Step("aws_vpc.vpc", done=False)),
        ("aws_vpc.vpc: Creation complete after 11s [id=vpc-1]", output.Step("aws_vpc.vpc", done=True)),
        ('aws_subnet.a["x"]: Destruction complete after 0s', output.Step('aws_subnet.a["x"]', done=True)),
        ("aws_vpc.vpc: Still creating... [10s elapsed]", None),
        ("aws_vpc.vpc: Refreshing state... [id=vpc-1]", None),
        ("  + resource aws_vpc vpc", None),
    ],
)
def test_steps_of_an_apply_are_recognised(text: str, expected: output.Step | None) -> None:
    assert output.step(text) == expected


def test_the_errors_of_a_stack_begin_at_the_first_with_all_of_its_reason() -> None:
    reason = "│ operation error EC2: CreateVpc, StatusCode: 400, " + "api error " * 100 + "bad cidr"
    lines = ["Initializing", "│ Error: bad cidr", "│", "│   with aws_vpc.bad,", "│    1: {" + "x" * 9000, reason]
    log = StackLog(lines=lines)
    assert log.failed
    first, _, place, quoted, last = log.errors.splitlines()
    assert (first, place, last) == ("│ Error: bad cidr", "│   with aws_vpc.bad,", reason)
    assert len(quoted) == 240
    assert not StackLog(lines=["No changes."]).failed


def test_the_end_of_a_stack_is_recognised_with_its_counts() -> None:
    line = "Apply complete! Resources: 3 added, 0 changed, 1 destroyed."
    assert output.complete(line) == output.Complete("3 added, 0 changed, 1 destroyed")
    assert output.complete("Destroy complete! Resources: 2 destroyed.") == output.Complete("2 destroyed")
    assert output.complete("aws_vpc.vpc: Creation complete after 1s") is None
