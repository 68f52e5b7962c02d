"""Encrypted SNS topic for alarms and findings of one account, and who gets them."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from stacks.blocks.iam.policy_document import Conditions, Principal, Statement, policy_document
from stacks.blocks.security.encryption_key import key_grant, make_or_use
from stacks.values import AwsScope

_CLOUDWATCH = Principal(services=["cloudwatch.amazonaws.com"])
_EVENTS = Principal(services=["events.amazonaws.com"])


class AlertTopic(Construct):
    """A topic called `name` to which alarms (`<prefix>-…`) and rules (`<prefix>-…`) of the account publish.

    Each of `emails` gets a mail that asks for its confirmation; until then it gets nothing else.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        prefix: str,
        name: str,
        alias: str,
        emails: Sequence[str],
        existing_key: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.arn = aws.arn("sns", name)
        key = make_or_use(
            self,
            "encryption",
            existing=existing_key,
            aws=aws,
            alias=alias,
            description=f"Messages of {name}",
            statements=[
                key_grant(
                    sid=f"{who}Encrypts",
                    principal=principal,
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    conditions=conditions,
                )
                for who, principal, conditions in _key_users(aws, self.arn)
            ],
        )
        self.topic = SnsTopic(self, "topic", name=name, display_name=name[:100], kms_master_key_id=key.arn)
        SnsTopicPolicy(
            self,
            "policy",
            arn=self.topic.arn,
            policy=policy_document(
                *(
                    Statement(
                        sid=f"{who}Publishes",
                        principal=principal,
                        actions=["sns:Publish"],
                        resources=[self.arn],
                        conditions={"ArnLike": {"aws:SourceArn": source}},
                    )
                    for who, principal, source in (
                        ("Alarm", _CLOUDWATCH, aws.arn("cloudwatch", f"alarm:{prefix}-*")),
                        ("Rule", _EVENTS, aws.arn("events", f"rule/{prefix}-*")),
                    )
                )
            ),
        )
        for number, email in enumerate(sorted(emails)):
            SnsTopicSubscription(self, f"mail_{number}", topic_arn=self.topic.arn, protocol="email", endpoint=email)


def _key_users(aws: AwsScope, topic_arn: str) -> list[tuple[str, Principal, Conditions]]:
    """Who encrypts messages, and for what.

    SNS developer guide, "Securing Amazon SNS data with server-side encryption": for EventBridge a key policy takes no
    condition on the source, so that the topic in the encryption context is what limits it.
    """
    this_topic = {"kms:EncryptionContext:aws:sns:topicArn": topic_arn}
    return [
        ("Alarm", _CLOUDWATCH, {"StringEquals": {**this_topic, "aws:SourceAccount": aws.account}}),
        ("Rule", _EVENTS, {"StringEquals": this_topic}),
    ]
