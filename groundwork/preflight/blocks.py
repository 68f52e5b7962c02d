"""Kinds of blocks: only what cdktf writes for our stacks, and nothing that runs a program or fetches code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.preflight import Violation, document
from groundwork.refusals import Code

# `check` and `ephemeral` read through providers, `import` and `removed` change what a state holds (and `removed` may
# carry a provisioner), `module` fetches code: our stacks need none of them, so they are not listed.
_TOP_LEVEL = {"//", "terraform", "provider", "resource", "data", "output", "locals", "variable", "moved"}
_TERRAFORM = {"//", "backend", "required_providers"}
_CODES = {"module": Code.MODULE_NOT_ALLOWED, "ephemeral": Code.DATA_SOURCE_NOT_ALLOWED}

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


def check(terraform: Mapping[str, Any]) -> Iterator[Violation]:
    """Violations in top-level blocks, data sources and provisioners."""
    for keyword in terraform.keys() - _TOP_LEVEL:
        yield Violation(_CODES.get(keyword, Code.BLOCK_NOT_ALLOWED), f"a stack may not have the block {keyword!r}")
    for _, body in document.blocks(terraform.get("terraform", {}), 0):
        for keyword in body.keys() - _TERRAFORM:
            code = Code.BACKEND_NOT_ALLOWED if keyword == "cloud" else Code.BLOCK_NOT_ALLOWED
            yield Violation(code, f"a stack may not set terraform.{keyword}")
    for (kind, name), _ in document.blocks(terraform.get("data", {}), 2):
        if kind not in DATA_SOURCES:
            yield Violation(
                Code.DATA_SOURCE_NOT_ALLOWED, f"data.{kind}.{name} would be read with the plan job's credentials"
            )
    for section, prefix in (("resource", ""), ("data", "data.")):
        for (kind, name), body in document.blocks(terraform.get(section, {}), 2):
            # `connection` serves provisioners only, and holds their credentials.
            for keyword in body.keys() & {"provisioner", "connection"}:
                yield Violation(
                    Code.PROVISIONER_NOT_ALLOWED, f"{prefix}{kind}.{name} has a {keyword}, which runs programs"
                )
            for _, rules in document.blocks(body.get("lifecycle", {}), 0):
                for keyword in rules.keys() & {"action_trigger"}:
                    yield Violation(Code.PROVISIONER_NOT_ALLOWED, f"{prefix}{kind}.{name} has a {keyword}")
