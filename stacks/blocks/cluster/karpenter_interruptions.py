"""How Karpenter hears that AWS is about to take an instance away: EventBridge rules and a queue."""

from __future__ import annotations

import json
from typing import Final

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy
from constructs import Construct

from stacks.blocks.iam.policy_document import Principal, Statement, deny_everyone, policy_document
from stacks.values import Names

# Karpenter's documentation, "Interruption", and its CloudFormation template: name → source and type of the event.
# Without that of capacity reservations, which our pools do not use.
_EVENTS: Final = {
    "scheduled-change": ("aws.health", "AWS Health Event"),
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
}
_SECONDS = 300
"""As in Karpenter's template: a warning that is older is about an instance that has gone."""


class KarpenterInterruptions(Construct):
    """A queue at `names.karpenter_queue`, to which only the rules here may send, and a rule per kind of event.

    Encrypted with SQS's own keys, as in Karpenter's template: messages name instances and nothing else, and EventBridge
    drops an event without a word where a key's policy forgets it.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        super().__init__(scope, id_)
        name, aws = names.karpenter_queue, names.aws
        self.arn = aws.arn("sqs", name)
        self.queue = SqsQueue(
            self, "queue", name=name, message_retention_seconds=_SECONDS, sqs_managed_sse_enabled=True
        )
        policy = SqsQueuePolicy(
            self,
            "policy",
            queue_url=self.queue.url,
            policy=policy_document(
                Statement(
                    sid="RulesSend",
                    principal=Principal(services=["events.amazonaws.com"]),
                    actions=["sqs:SendMessage"],
                    resources=[self.arn],
                    conditions={"ArnLike": {"aws:SourceArn": aws.arn("events", f"rule/{names.of('karpenter')}-*")}},
                ),
                deny_everyone(
                    "OnlyEncryptedConnections",
                    ["sqs:*"],
                    resources=[self.arn],
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                ),
            ),
        )
        for event, (source, kind) in _EVENTS.items():
            rule = CloudwatchEventRule(
                self,
                f"{event}_rule",
                name=names.of(f"karpenter-{event}"),
                description=f"Tells Karpenter: {kind}",
                event_pattern=json.dumps({"source": [source], "detail-type": [kind]}, sort_keys=True),
            )
            CloudwatchEventTarget(
                self, f"{event}_target", rule=rule.name, target_id="queue", arn=self.queue.arn, depends_on=[policy]
            )
