"""What is read from the lines that cdktf and Terraform print."""

from __future__ import annotations

import pytest

from groundwork.delivery import terraform_output as output
from groundwork.delivery.diff import Status, read
from groundwork.errors import TerraformFailed


def test_a_line_is_split_into_stack_and_text_without_colours() -> None:
    assert output.line("\x1b[1mlocal-network\x1b[0m  aws_vpc.vpc: Creating...\n") == output.Line(
        "local-network", "aws_vpc.vpc: Creating..."
    )
    assert output.line("Apply complete!") == output.Line("", "Apply complete!")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws_vpc.vpc: Creating...", output.Step("aws_vpc.vpc", done=False)),
        ("aws_vpc.vpc: Creation complete after 11s [id=vpc-1]", output.Step("aws_vpc.vpc", done=True)),
        ('aws_subnet.a["x"]: Destruction complete after 0s', output.Step('aws_subnet.a["x"]', done=True)),
        ("aws_vpc.vpc: Still creating... [10s elapsed]", None),
        ("aws_vpc.vpc: Refreshing state... [id=vpc-1]", None),
        ("  + resource aws_vpc vpc", None),
    ],
)
def test_steps_of_an_apply_are_recognised(text: str, expected: output.Step | None) -> None:
    assert output.step(text) == expected


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["No changes. Your infrastructure matches the configuration."], Status.UNCHANGED),
        (["Plan: 1 to add, 0 to change, 0 to destroy."], Status.CHANGED),
        (["Plan: 1 to import, 0 to add, 0 to change, 0 to destroy."], Status.CHANGED),
        (["Plan: 0 to add, 1 to change, 2 to destroy."], Status.DESTROYS),
        (["  # aws_vpc.vpc must be replaced", "Plan: 1 to add, 0 to change, 1 to destroy."], Status.REPLACES),
        (["Changes to Outputs:", "  + vpc_id = (known after apply)"], Status.CHANGED),
    ],
)
def test_a_diff_says_what_kind_of_change_it_is(lines: list[str], status: Status) -> None:
    assert read("local-network", lines).status == status


def test_a_diff_without_a_result_is_an_error_and_never_green() -> None:
    with pytest.raises(TerraformFailed, match="neither a plan nor"):
        read("local-network", ["Initializing the backend..."])
