"""SNS: the attributes of a topic that moto accepts and never answers."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap

_FEEDBACK = ("Application", "Firehose", "HTTP", "Lambda", "SQS")
# SNS API, SetTopicAttributes: AttributeName.
ATTRIBUTES = (
    "ArchivePolicy",
    "FifoThroughputScope",
    "SignatureVersion",
    "TracingConfig",
    *(f"{protocol}SuccessFeedbackRoleArn" for protocol in _FEEDBACK),
    *(f"{protocol}SuccessFeedbackSampleRate" for protocol in _FEEDBACK),
    *(f"{protocol}FailureFeedbackRoleArn" for protocol in _FEEDBACK),
)


def install() -> None:
    """moto answers with a fixed list of attributes; Terraform would set the others again in every plan."""
    from moto.sns.responses import SNSResponse

    wrap(SNSResponse, "get_topic_attributes", _get_topic_attributes)


def _get_topic_attributes(original: Method, self: Any) -> Any:
    from moto.core.utils import camelcase_to_underscores

    answer = original(self)
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    for name in ATTRIBUTES:
        value = getattr(topic, camelcase_to_underscores(name), None)
        if value:
            answer._result["Attributes"][name] = value
    return answer
