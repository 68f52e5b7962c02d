"""Kinds of blocks: only what cdktf writes for our stacks, and nothing that runs a program or fetches code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.preflight import document
from groundwork.preflight.found import Found
from groundwork.refusals import Code

# `check` and `ephemeral` read through providers, `import` and `removed` change what a state holds (and `removed` may
# carry a provisioner), `module` fetches code: none of them is needed, so none is listed.
_TOP_LEVEL = {"//", "terraform", "provider", "resource", "data", "output", "locals", "variable", "moved"}
_TERRAFORM = {"//", "backend", "required_providers"}
_INSTEAD = {"module": Code.MODULE_NOT_ALLOWED, "ephemeral": Code.DATA_SOURCE_NOT_ALLOWED}

DATA_SOURCES = {
    "terraform_remote_state": "values of upstream stacks; its backend is checked like the stack's own",
    "aws_availability_zones": "names of zones",
    "aws_caller_identity": "the account's own number",
    "aws_ec2_managed_prefix_list": "AWS's published address ranges",
    "aws_iam_policy_document": "computes JSON, reads nothing",
    "aws_partition": "a constant",
    "aws_region": "a constant",
}
"""Data sources that a plan may read, each with what it gives. None reads content: no secret, parameter or object."""


def check(terraform: Mapping[str, Any]) -> Iterator[Found]:
    """Findings on top-level blocks, data sources and provisioners."""
    for keyword in terraform.keys() - _TOP_LEVEL:
        yield Found(
            _INSTEAD.get(keyword, Code.BLOCK_NOT_ALLOWED), f"the block {keyword!r} is not one that a stack may have"
        )
    for _, body in document.blocks(terraform.get("terraform", {}), 0):
        for keyword in body.keys() - _TERRAFORM:
            code = Code.BACKEND_NOT_ALLOWED if keyword == "cloud" else Code.BLOCK_NOT_ALLOWED
            yield Found(code, f"terraform.{keyword} is not a setting that a stack may have")
    for (kind, name), _ in document.blocks(terraform.get("data", {}), 2):
        if kind not in DATA_SOURCES:
            yield Found(
                Code.DATA_SOURCE_NOT_ALLOWED, f"data.{kind}.{name} would be read with the plan job's credentials"
            )
    for section, prefix in (("resource", ""), ("data", "data.")):
        for (kind, name), body in document.blocks(terraform.get(section, {}), 2):
            # `connection` is only of use to a provisioner, and would take its credentials.
            for keyword in body.keys() & {"provisioner", "connection"}:
                yield Found(Code.PROVISIONER_NOT_ALLOWED, f"{prefix}{kind}.{name} has a {keyword}, which runs programs")
            for _, rules in document.blocks(body.get("lifecycle", {}), 0):
                for keyword in rules.keys() & {"action_trigger"}:
                    yield Found(Code.PROVISIONER_NOT_ALLOWED, f"{prefix}{kind}.{name} has a {keyword}")
