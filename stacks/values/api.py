"""API Gateway → Lambda: kind of API, who may call it, its name, and the settings of the function.

Combinations that AWS does not support (WAF on an HTTP API, native JWT on a REST API …) are refused where the stack is
built, by `stacks/blocks/api/api_rules.py`, so that the rule and its reason are beside the resources.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.values.types import Arn, LimitingCidrs, LogDays, Section, SigningProfileArn


class Jwt(Section):
    """Tokens that an HTTP API verifies by itself."""

    issuer: Annotated[str, Field(pattern=r"^https://.+")]
    audience: Annotated[tuple[str, ...], Field(min_length=1)]
    scopes: tuple[str, ...] = ()


class Domain(Section):
    """A custom domain name for the API."""

    name: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")]
    zone: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")]
    """The Route53 zone that contains the name."""
    zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]+$")] | None = None
    """An existing hosted zone; a zone is created when empty."""
    certificate_arn: Arn | None = None
    """An imported certificate; a certificate validated by DNS is created when empty."""
    base_path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    """First part of the path under the name, for names that several APIs share; empty: the API is at the root."""
    keep_default_endpoint: bool = False
    """Also answer under AWS's own name (…execute-api…), which bypasses the name above."""

    @model_validator(mode="after")
    def _inside(self) -> Domain:
        if self.name != self.zone and not self.name.endswith("." + self.zone):
            raise ValueError(f"name: {self.name} is not in zone {self.zone}")
        return self


class Function(Section):
    """The Lambda function behind the API."""

    runtime: Literal["python3.11", "python3.12", "python3.13", "host"] = "python3.13"
    """`host`: the Python that runs the laptop, so that native modules load there."""
    architecture: Literal["arm64", "x86_64", "host"] = "arm64"
    memory_mb: Annotated[int, Field(ge=128, le=10240)] = 256
    timeout_seconds: Annotated[int, Field(ge=1, le=29)] = 28
    """API Gateway's own timeout is 29 s, so a longer one would only cost."""
    reserved_concurrency: Annotated[int, Field(ge=-1, le=1000)] = -1
    """Concurrent executions, taken from the account's pool, of which Lambda keeps 100 for others; a new account has 10
    in all. -1: unreserved; 0: nobody can call it."""
    provisioned_concurrency: Annotated[int, Field(ge=0, le=1000)] = 0
    """Instances kept warm; charged by the hour."""
    in_vpc: bool = True
    """Whether it runs in the network's private subnets, from where it reaches S3 and DynamoDB only. It is traced there
    only with `xray` among `network.interface_endpoints`."""
    source: Literal["random", "listings"] = "random"
    """`listings` fetches records from a public API, whose key people enter into a secret by hand."""
    default_records: Annotated[int, Field(ge=1, le=1000)] = 100
    """Number of records of a request that does not name one."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    previous_version: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    """Published version that the alias points to after a rollback; empty: the newest."""
    signing_profile_arns: Annotated[tuple[SigningProfileArn, ...], Field(max_length=20)] = ()
    """Existing AWS Signer profiles, each with its version. A deploy signs the code with the first; Lambda runs only
    code that one of them signed. Empty: code is not signed."""


class Throttle(Section):
    """Requests that the stage accepts. Always set: without a throttle an HTTP API answers everybody with 429."""

    rate: Annotated[int, Field(ge=1, le=10000)] = 50
    """Requests per second."""
    burst: Annotated[int, Field(ge=1, le=5000)] = 100
    """Requests at once."""


class WafLimits(Section):
    """What the firewall accepts before the API's own throttle applies."""

    requests_per_address: Annotated[int, Field(ge=10, le=2_000_000_000)] = 500
    """Requests in five minutes from one address; further requests are refused until there are fewer again."""


class Quota(Section):
    """How many requests an API key may send, besides the throttle."""

    requests: Annotated[int, Field(ge=1)] = 10_000
    per: Literal["DAY", "WEEK", "MONTH"] = "DAY"


class Alarms(Section):
    """When somebody should look at the API, and a dashboard to look at."""

    errors: Annotated[int, Field(ge=1)] = 1
    """Failures in five minutes, of the function or of the API, that raise an alarm."""
    slow_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """Share of the function's timeout that the slowest twentieth of calls may take for a quarter of an hour."""
    notify_arns: tuple[Arn, ...] = ()
    """Receivers of an alarm and of its end, such as an SNS topic. Empty: the account's topic
    (`singletons.alerts`); without one, alarms show in CloudWatch only."""


class Api(Section):
    """The `api` stack."""

    kind: Literal["rest", "http"] = "rest"
    authorisation: Literal["iam", "jwt", "api_key", "open"] = "iam"
    """`open` lets everybody on the internet call the API; the review reports that as a risk."""
    jwt: Jwt | None = None
    allowed_cidrs: LimitingCidrs = ()
    """REST only: a resource policy that allows only these ranges."""
    waf: bool = False
    """REST only: AWS's managed rules and a rate limit in front."""
    waf_limits: WafLimits = WafLimits()
    quota: Quota = Quota()
    """For authorisation api_key, per key."""
    domain: Domain | None = None
    throttle: Throttle = Throttle()
    stage: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "prod"
    log_days: LogDays = 365
    alarms: Alarms | None = Alarms()
    """Empty: neither alarms nor a dashboard."""
    function: Function = Function()
    dead_letter_queue: bool = False
    """Only for functions that are called asynchronously; API Gateway does not do that, so true is refused."""
