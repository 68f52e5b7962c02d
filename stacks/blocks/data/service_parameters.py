"""The parameters and secrets of one service, which its pods read and those of no other service do."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.cluster.pod_identity import PodIdentity
from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.security.encryption_key import Key
from stacks.values import Names


class ServiceParameters(Construct):
    """An identity for the pods of `workload`: they read below `names.parameter_path(workload)` and decrypt with `key`.

    Terraform makes none of the parameters, so that no state holds a value; people write them, encrypted with `key`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        workload: str,
        namespace: str,
        cluster_name: str,
        cluster_arn: str,
        key: Key,
    ) -> None:
        super().__init__(scope, id_)
        aws, path = names.aws, names.parameter_path(workload)
        parameters, secrets = aws.arn("ssm", f"parameter/{path}"), aws.arn("secretsmanager", f"secret:{path}/*")
        self.identity = PodIdentity(
            self,
            "identity",
            names=names,
            name=role_name(workload),
            cluster_name=cluster_name,
            cluster_arn=cluster_arn,
            namespace=namespace,
            service_account=workload,
        )
        self.identity.role.allow(
            "own-parameters",
            Statement(
                sid="OwnParameters",
                # Reading a whole path is a right to the path itself.
                actions=["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
                resources=[parameters, f"{parameters}/*"],
            ),
            Statement(
                sid="OwnSecrets",
                actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                resources=[secrets],
            ),
            # KMS developer guide, encryption contexts of Parameter Store and of Secrets Manager.
            _decrypt("DecryptOwnParameters", key, aws.endpoint("ssm"), "PARAMETER_ARN", f"{parameters}/*"),
            _decrypt("DecryptOwnSecrets", key, aws.endpoint("secretsmanager"), "SecretARN", secrets),
        )


def role_name(workload: str) -> str:
    """The end of the name of a service's role, which no other role of the environment has."""
    return f"pods-{workload}"


def _decrypt(sid: str, key: Key, service: str, context: str, arn: str) -> Statement:
    return Statement(
        sid=sid,
        actions=["kms:Decrypt"],
        resources=[key.arn],
        conditions={
            "StringEquals": {"kms:ViaService": service},
            "StringLike": {f"kms:EncryptionContext:{context}": arn},
        },
    )
