"""Expressions are parsed as Terraform parses them, and only listed functions and references are in them."""

from __future__ import annotations

import pytest

from groundwork.preflight import expressions
from groundwork.refusals import Code


def codes(text: str) -> set[Code]:
    terraform = {"resource": {"aws_vpc": {"main": {}}}, "output": {"x": {"value": text}}}
    return {violation.code for violation in expressions.check(terraform)}


@pytest.mark.parametrize(
    "text",
    [
        "plain text with $ and % and $${literal} and 100%",
        "${aws_vpc.main.id}",
        "${aws_vpc.main.ipv6[0].cidr}-${data.aws_region.here.name}",
        "${tolist(aws_vpc.main.options).0.name}",
        "${data.terraform_remote_state.network.outputs.cross-stack-output-aws_vpcmain}",
        '${terraform.applying ? "arn:aws:iam::111111111111:role/apply" : terraform.workspace}',
        '${join("-", ["a-${local.name} b", (1 + -2), {"k" = true}["k"], null])}',
        '${base64decode("YQ==")}',
        '${"a}b $${x} \\" file(1)"}',
    ],
)
def test_what_cdktf_writes_passes(text: str) -> None:
    assert codes(text) == set()


@pytest.mark.parametrize(
    "call",
    [
        'file("assets/x")', 'filebase64("assets/x")', 'filesha256("assets/x.zip")', 'fileexists("assets/x")',
        'templatefile("assets/x.tpl", {})', 'templatestring(local.text, {})', 'fileset("assets", "../../../**")',
        'pathexpand("~")', 'abspath(".")', 'join("", fileset("/", "**"))', '[upper(file("x"))][0]', '"a${file("x")}"',
    ],
)  # fmt: skip
def test_refuses_file_outside_stack_in_an_expression(call: str) -> None:
    assert codes(f"a ${{{call}}} b") == {Code.FILE_OUTSIDE_STACK}


@pytest.mark.parametrize(
    "text",
    [
        # Comments and strings that look like code, and code that looks like them.
        '${"#"}${file/**/("/proc/self/environ")}',
        '${join("#",[filebase64/**/("/proc/self/environ")])}',
        '${"//"}${templatefile/**/("assets/x.tpl",{})}',
        '${fileset/**/("assets","../../../*")}',
        "${local.x # }",
        "${local.x // }",
        # Escapes, which two scanners could read differently.
        '%$${file("x")}', '$$${file("x")}', '$%{file("x")}', '${"%$${file("x")}"}', '${"\\${file("x")}"}',
        # HCL that cdktf does not write.
        '%{ if file("/etc/passwd") != "" }x%{ endif }', "${~ local.x ~}", "${[for x in local.x : x]}", "${local.x[*]}",
        "${<<EOT\nx\nEOT\n}", "${local.x\n}", '${core::file("x")}', '${provider::aws::arn_parse("x")}', "${", "${}",
        # Functions and references that are not on the lists.
        "${nonsensitive(data.terraform_remote_state.x.outputs.y)}", "${timestamp()}", "${anything()}",
        "${ephemeralasnull(local.x)}", "${path.module}", "${path.cwd}", "${var.x}", "${each.value}", "${count.index}",
        "${self.id}", "${module.x.y}", "${terraform.env}", "${aws_subnet.not_in_this_stack.id}", "${data.external.x.y}",
        "${data[local.x]}", "${local}", "${x}", "${ephemeral.x.y.z}", '${{a = 1}["a"]}',
    ],
)  # fmt: skip
def test_refuses_expression_not_allowed(text: str) -> None:
    assert codes(text) == {Code.EXPRESSION_NOT_ALLOWED}


def test_only_a_whole_reference_is_an_output_of_another_stack() -> None:
    reference = "${data.terraform_remote_state.cluster.outputs.endpoint}"
    assert expressions.output_of_another_stack(reference) == ("cluster", "endpoint")
    for text in (f"{reference}.evil.example", f"x{reference}", f"{reference}{reference}", reference[2:-1], None, 1):
        assert expressions.output_of_another_stack(text) is None
    for text in ("a[0].outputs.endpoint", "a.outputs.endpoint.x", "a.outputs[0]", "a.outputs", "a.x.endpoint"):
        assert expressions.output_of_another_stack(f"${{data.terraform_remote_state.{text}}}") is None
