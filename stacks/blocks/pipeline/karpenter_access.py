"""What the pipeline may read and change of what Karpenter needs in AWS, where an environment has it."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.values import Names


def karpenter_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: the nodes' instance profile and the settings of the queue, no message."""
    return [
        Statement(sid="KarpentersProfile", actions=["iam:GetInstanceProfile"], resources=[_profile(names)]),
        Statement(
            sid="KarpentersQueue", actions=["sqs:GetQueueAttributes", "sqs:ListQueueTags"], resources=[_queue(names)]
        ),
    ]


def karpenter_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies. The role in the profile is one of `role_writes`, which may be passed."""
    return [
        Statement(
            sid="KarpentersProfile",
            actions=[
                "iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:UntagInstanceProfile",
            ],
            resources=[_profile(names)],
        ),
        Statement(
            sid="KarpentersQueue",
            actions=["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"],
            resources=[_queue(names)],
        ),
        Statement(
            sid="KarpentersRules",
            actions=[
                "events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets",
                "events:TagResource", "events:UntagResource",
            ],
            resources=[names.aws.arn("events", f"rule/{names.of('karpenter')}-*")],
        ),
    ]  # fmt: skip


def _profile(names: Names) -> str:
    return names.aws.iam_arn(f"instance-profile/{names.karpenter_nodes}")


def _queue(names: Names) -> str:
    return names.aws.arn("sqs", names.karpenter_queue)
