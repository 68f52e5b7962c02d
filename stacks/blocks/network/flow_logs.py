"""VPC flow logs: every accepted and refused connection, encrypted, for a stated time."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.flow_log import FlowLog
from constructs import Construct

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import logs_key_use, make_or_use
from stacks.values import Names


class FlowLogs(Construct):
    """Flow logs of a VPC into a log group of their own, with a key and a role that serve nothing else."""

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, names: Names, retention_days: int) -> None:
        super().__init__(scope, id_)
        aws = names.aws
        group_name = f"/groundwork/{names.prefix}/vpc-flow-logs"
        self.key = make_or_use(
            self,
            "key",
            existing=names.environment.keys.flow_logs,
            aws=aws,
            alias=names.alias("flow-logs"),
            description=f"VPC flow logs of {names.prefix}",
            statements=[logs_key_use(aws, group_name)],
        )
        self.group = LogGroup(self, "logs", name=group_name, key=self.key, retention_days=retention_days)
        self.role = ServiceRole(
            self,
            "role",
            name=names.of("vpc-flow-logs"),
            description="Lets VPC flow logs write into their log group",
            service="vpc-flow-logs.amazonaws.com",
            source_account=aws.account,
            source_arns=[aws.arn("ec2", "vpc-flow-log/*")],
        )
        write = self.role.allow(
            "write",
            Statement(
                sid="WriteFlowLogs",
                # AWS's example has logs:CreateLogGroup too: ours exists, and must not come back without its key.
                actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                resources=[f"{self.group.arn}:*"],
            ),
        )
        self.flow_log = FlowLog(
            self,
            "flow_log",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=self.group.arn,
            iam_role_arn=self.role.arn,
            # A minute instead of ten: an incident is looked into while it happens.
            max_aggregation_interval=60,
            tags={"Name": names.of("flow-logs")},
            depends_on=[write],
        )
