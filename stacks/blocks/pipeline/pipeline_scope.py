"""The ARNs of what a pipeline of one environment works on, by the names that everything in it begins with."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.values import Names

ACTIONS_WITHOUT_RESOURCES = "these actions know no resource, they list what the account and region have"
IDS_ARE_UNKNOWN = "AWS chooses the ids of these when it makes them; the boundary limits regions and protects delivery"


@dataclass(frozen=True)
class PipelineScope:
    """ARNs in the environment's main account and region."""

    names: Names

    @property
    def account(self) -> str:
        """The main account."""
        return self.names.environment.accounts.main.id

    @property
    def region(self) -> str:
        """The environment's region."""
        return self.names.environment.region

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of the account."""
        return f"arn:{self.names.partition}:{service}:{self.region}:{self.account}:{resource}"

    def anywhere(self, service: str, resource: str) -> str:
        """ARN of a resource of the account in whatever region: copies lie in a second one."""
        return f"arn:{self.names.partition}:{service}:*:{self.account}:{resource}"

    def iam(self, resource: str) -> str:
        """ARN in IAM, which knows no regions."""
        return f"arn:{self.names.partition}:iam::{self.account}:{resource}"

    def aws_policies(self) -> str:
        """The policies that AWS manages."""
        return f"arn:{self.names.partition}:iam::aws:policy/*"

    def unowned(self, service: str, resource: str, *, regional: bool = False) -> str:
        """ARN without an account: buckets, hosted zones, APIs."""
        return f"arn:{self.names.partition}:{service}:{self.region if regional else ''}::{resource}"

    @property
    def buckets(self) -> str:
        """Every bucket of the environment."""
        return self.unowned("s3", f"{self.names.prefix}-*")

    @property
    def apis(self) -> list[str]:
        """API Gateway's own resources, without API keys, whose values a GET shows."""
        kinds = ("account", "restapis", "apis", "domainnames", "usageplans", "tags", "vpclinks")
        return [
            self.unowned("apigateway", path, regional=True)
            for kind in kinds
            for path in ([f"/{kind}"] if kind == "account" else [f"/{kind}", f"/{kind}/*"])
        ]

    @property
    def eks(self) -> list[str]:
        """The environment's cluster and what belongs to it."""
        cluster = self.names.cluster
        parts = ("nodegroup", "addon", "fargateprofile", "access-entry", "podidentityassociation")
        return [self.arn("eks", f"cluster/{cluster}"), *(self.arn("eks", f"{part}/{cluster}/*") for part in parts)]

    @property
    def alarms(self) -> list[str]:
        """Alarms and dashboards of the environment; dashboards have no region."""
        account, prefix = self.account, self.names.prefix
        return [
            self.arn("cloudwatch", f"alarm:{prefix}-*"),
            f"arn:{self.names.partition}:cloudwatch::{account}:dashboard/{prefix}-*",
        ]

    @property
    def log_groups(self) -> list[str]:
        """Log groups of the environment, and API Gateway's, which it names itself."""
        return [self.arn("logs", f"log-group:*{self.names.prefix}-*"),
                self.arn("logs", "log-group:API-Gateway-Execution-Logs_*")]  # fmt: skip
