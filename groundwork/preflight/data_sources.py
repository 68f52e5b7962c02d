"""Data sources that a plan may read. None reads content: no secret, parameter or object."""

from __future__ import annotations

DATA_SOURCES = {
    "terraform_remote_state": "values of upstream stacks; its backend is checked like the stack's own",
    "aws_availability_zones": "names of zones",
    "aws_caller_identity": "the account's own number",
    "aws_ec2_managed_prefix_list": "AWS's published address ranges",
    "aws_iam_policy_document": "computes JSON, reads nothing",
    "aws_partition": "a constant",
    "aws_region": "a constant",
    "aws_secretsmanager_secret": "a secret's ARN and settings; its value is another data source",
}
"""Each type with what it gives."""
