"""With the AWS provider: resources that were created but not recorded are listed by their tags, and can be imported."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.recover.endpoint import Action, Call
from tests.recover.killed import inspect, killed_when_held, on_state, resolve, unlock
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}


def tags(project: PlannedProject) -> dict[str, str]:
    """Different for each test, because the embedded AWS is shared."""
    return {"environment": "local", "stack": f"lost-{project.prefix}", "managed-by": "groundwork"}


def test_resources_without_a_state_are_listed_by_tags_and_imported(project: PlannedProject) -> None:
    name = project.prefix[:12]
    stack = project.aws_stack(
        "lost",
        {
            "aws_ssm_parameter": {
                "plain": {"name": f"plain-{name}", "type": "String", "value": "x"},
                "path": {"name": f"/a/{name}", "type": "String", "value": "x"},
            },
            "aws_sqs_queue": {"queue": {"name": f"queue-{name}"}},
            "aws_s3_bucket": {"bucket": {"bucket": f"bucket-{name}"}},
            "aws_cloudwatch_log_group": {"log": {"name": f"/log/{name}"}},
            "aws_kms_key": {"key": {"description": "has no name"}},
            "aws_iam_role": {"role": {"name": f"role-{name}", "assume_role_policy": json.dumps(ROLE)}},
            "aws_s3_bucket_versioning": {
                "versioned": {
                    "bucket": "${aws_s3_bucket.bucket.id}",
                    "versioning_configuration": [{"status": "Enabled"}],
                }
            },
        },
        default_tags=tags(project),
    )
    # Belongs to another stack of the environment, so it must not be listed.
    project.cloud.client("sqs").create_queue(QueueName=f"other-{name}", tags={**tags(project), "stack": "another"})
    killed_when_held(project, project.push(project.plan()), on_state(stack, "hold"))

    report = inspect(project, stack)
    url = project.cloud.client("sqs").get_queue_url(QueueName=f"queue-{name}")["QueueUrl"]
    (key,) = [arn.rpartition("/")[2] for arn in report.unrecorded if ":kms:" in arn]
    ids = {
        "aws_ssm_parameter.plain": f"plain-{name}",
        "aws_ssm_parameter.path": f"/a/{name}",
        "aws_sqs_queue.queue": url,
        "aws_s3_bucket.bucket": f"bucket-{name}",
        "aws_cloudwatch_log_group.log": f"/log/{name}",
        "aws_kms_key.key": key,
    }
    assert len(report.unrecorded) == len(ids), "the other stack's queue is not listed"
    named = [f"plain-{name}", f"/a/{name}", f"queue-{name}", f"bucket-{name}", f"/log/{name}", key]
    assert all(any(arn.removesuffix(":*").endswith(end) for arn in report.unrecorded) for end in named)
    assert set(report.not_listed) == {"aws_iam_role.role", "aws_s3_bucket_versioning.versioned"}
    assert set(report.missing) == {*ids, *report.not_listed}
    # Its name says which role it is, although AWS does not list it.
    assert {each.to: each.id for each in report.imports} == {**ids, "aws_iam_role.role": f"role-{name}"}
    assert report.commands[0].startswith(f"gw unlock {stack} ")

    unlock(project, stack)
    folder = project.workspace.manifest().stack(stack).folder
    for address, id_ in ids.items():
        done = subprocess.run(
            [project.cloud.program, "import", address, id_],
            cwd=folder,
            env=project.workspace.environ(stack),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    report = inspect(project, stack)
    assert report.unrecorded == ()
    assert {step.address for step in report.steps if step.progress == "done"} == set(ids)
    resolve(project, report)
    (made,) = project.plan()
    assert made.bundle.counts.destroy == 0
    assert made.bundle.counts.add == 2, "the role and the versioning, which are not listed"


def test_killed_between_two_resources(project: PlannedProject) -> None:
    """The call for the second resource is never answered: the first is listed, the second does not exist."""
    name = project.prefix[:12]
    first, second = ({"name": f"{which}-{name}", "type": "String", "value": "x"} for which in ("one", "two"))
    stack = project.aws_stack(
        "lost",
        {"aws_ssm_parameter": {"one": first, "two": {**second, "depends_on": ["aws_ssm_parameter.one"]}}},
        default_tags=tags(project),
    )

    def rule(call: Call) -> Action:
        return "hold" if call.target.endswith("PutParameter") and b'"two-' in call.body else "pass"

    killed_when_held(project, project.push(project.plan()), rule)
    report = inspect(project, stack)
    assert {step.address for step in report.steps} == {"aws_ssm_parameter.one", "aws_ssm_parameter.two"}
    # Terraform stores the state from time to time, so the first may be recorded already.
    recorded = [step.address for step in report.steps if step.progress == "done"]
    assert [arn.rpartition("/")[2] for arn in report.unrecorded] == ([] if recorded else [f"one-{name}"])
    assert ("aws_ssm_parameter.one" in report.missing) == (not recorded)
