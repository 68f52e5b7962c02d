"""The AWS accounts of an environment, and what exists once per account."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.values.types import AccountId, LogDays, Section


class MainAccount(Section):
    """The environment's account."""

    id: AccountId
    """The account's number; plans and applies against any other account are refused."""
    owns_singletons: bool = True
    """Whether this environment has an `account` stack, which creates what exists once per account (GitHub's OIDC
    provider, CloudTrail, GuardDuty …). True in exactly one of several environments in an account."""


RoleName = Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,64}$")]


class ArchiveAccount(Section):
    """The second account, which stores what the Lambda function writes."""

    id: AccountId
    """The account's number."""
    role: RoleName | None = None
    """Name of the role in that account that deployments assume; by default groundwork-deploy-<environment>."""
    plan_role: RoleName | None = None
    """Name of the role in that account that plans assume: it reads settings and writes nothing. By default
    groundwork-plan-<environment>."""
    bootstrap_role: RoleName = "OrganizationAccountAccessRole"
    """Name of an administrator's role in that account, which whoever runs `gw bootstrap` may assume: it makes the two
    others. The default is what AWS Organizations makes in a new account, for its management account."""


class Accounts(Section):
    """Both accounts."""

    main: MainAccount
    archive: ArchiveAccount

    @model_validator(mode="after")
    def _two(self) -> Accounts:
        if self.main.id == self.archive.id:
            raise ValueError(
                f"archive.id: {self.archive.id} is the main account, too; the archive needs an account of its own, so "
                "that whoever takes over the main account cannot delete it"
            )
        return self


Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="an address such as team@acme.example")]


class Alerts(Section):
    """Who receives alarms, findings, and what the CIS benchmark watches: subscribers of an encrypted SNS topic."""

    emails: tuple[Email, ...] = ()
    """Each gets a mail to confirm first. Others (a chat, a pager) subscribe to the topic themselves."""
    findings_from: Annotated[float, Field(ge=1, le=10)] = 4.0
    """Least severity of a GuardDuty finding that is sent: 4 is medium, 7 is high."""
    benchmark: bool = True
    """Metric filters and alarms of the CIS AWS Foundations Benchmark on the trail; needs `trail`."""


class Singletons(Section):
    """What the `account` stack creates once per account."""

    github_repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """owner/name of the repository whose workflows may sign in by OIDC; without it there is no OIDC provider."""
    github_subject: Annotated[str, Field(pattern=r"^[\w.-]+@\d+/[\w.-]+@\d+$")] | None = None
    """The repository as its OIDC tokens name it, owner@number/name@number: GitHub does so for repositories created,
    renamed or moved after 15 July 2026, whose jobs cannot assume roles that trust the name alone. `gw github check`
    reports it."""
    trail: bool = True
    """CloudTrail over all regions, encrypted, with log file validation."""
    trail_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days that trail objects are kept."""
    trail_lock_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Days for which nobody can delete them (S3 Object Lock in compliance mode), as for `archive.lock_days`."""
    threat_detection: bool = True
    """GuardDuty."""
    threat_features: tuple[
        Literal[
            "S3_DATA_EVENTS",
            "EKS_AUDIT_LOGS",
            "EBS_MALWARE_PROTECTION",
            "RDS_LOGIN_EVENTS",
            "LAMBDA_NETWORK_LOGS",
            "RUNTIME_MONITORING",
        ],
        ...,
    ] = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")
    """What GuardDuty analyses besides CloudTrail, DNS and flow logs; each is charged by volume. RUNTIME_MONITORING also
    installs an agent on every node, so it is off by default."""
    alerts: Alerts | None = None
    """Sends alarms and findings to people. Empty: they show in the console only."""
    access_analyzer: bool = True
    """IAM Access Analyzer for access from outside the account."""
    encrypt_disks: bool = True
    """EBS volumes are encrypted by default, and snapshots cannot be made public."""
    password_policy: bool = True
    """Long passwords for IAM users, who are the exception: people sign in through a role."""
    api_gateway_logs_role: bool = True
    """The account-wide role with which API Gateway writes logs; REST APIs cannot log without it."""
    log_days: LogDays = 365
    """Days that the account's own log groups are kept."""

    @property
    def subject(self) -> str | None:
        """How the subject of the repository's OIDC tokens begins after `repo:`; None without a repository."""
        return self.github_subject or self.github_repository

    @model_validator(mode="after")
    def _subject_of_the_repository(self) -> Singletons:
        named = re.sub(r"@\d+", "", self.github_subject or "")
        if named and named.lower() != (self.github_repository or "").lower():
            raise ValueError(f"github_subject: {self.github_subject} is not the repository {self.github_repository}")
        return self
