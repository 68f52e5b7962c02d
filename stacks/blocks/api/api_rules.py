"""Which values of the `api` section cannot go together, each with its reason: one table for code, tests and docs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stacks.blocks.errors import IllegalComposition
from stacks.values import Environment


@dataclass(frozen=True)
class Rule:
    """One composition that must not exist. `broken` says whether an environment has it."""

    name: str
    """Its row in docs/architecture/api.md and its test."""
    refuses: str
    key: str
    why: str
    fix: str
    broken: Callable[[Environment], bool]


def _stays_in_vpc(environment: Environment) -> bool:
    network = environment.network
    return environment.api.function.in_vpc and network.existing is None and network.nat == "none"


def _certificate_elsewhere(environment: Environment) -> bool:
    domain = environment.api.domain
    if domain is None or domain.certificate_arn is None:
        return False
    service, region = domain.certificate_arn.split(":")[2:4]
    return (service, region) != ("acm", environment.region)


def _signs_elsewhere(environment: Environment) -> bool:
    profiles = environment.api.function.signing_profile_arns
    home = [environment.region, environment.accounts.main.id]
    return environment.target == "aws" and bool(profiles) and profiles[0].split(":")[3:5] != home


RULES: tuple[Rule, ...] = (
    Rule(
        name="waf-needs-rest",
        refuses="`waf: true` with `kind: http`",
        key="api.waf",
        why="AWS WAF attaches to the stage of a REST API; an HTTP API has nothing it could attach to",
        fix="write `kind: rest`, or `waf: false` and put CloudFront with a WAF in front",
        broken=lambda e: e.api.waf and e.api.kind == "http",
    ),
    Rule(
        name="allowed-cidrs-need-rest",
        refuses="`allowed_cidrs` with `kind: http`",
        key="api.allowed_cidrs",
        why="only a REST API has a resource policy, which is what looks at the caller's address",
        fix="write `kind: rest`, or leave `allowed_cidrs` empty and rely on `authorisation`",
        broken=lambda e: bool(e.api.allowed_cidrs) and e.api.kind == "http",
    ),
    Rule(
        name="api-keys-need-rest",
        refuses="`authorisation: api_key` with `kind: http`",
        key="api.authorisation",
        why="API keys and usage plans exist on REST APIs only",
        fix="write `kind: rest`, or `authorisation: iam` or `jwt`",
        broken=lambda e: e.api.authorisation == "api_key" and e.api.kind == "http",
    ),
    Rule(
        name="jwt-needs-http",
        refuses="`authorisation: jwt` with `kind: rest`",
        key="api.authorisation",
        why="only an HTTP API checks tokens by itself; a REST API would need an authorizer function of its own",
        fix="write `kind: http`, or `authorisation: iam` or `api_key`",
        broken=lambda e: e.api.authorisation == "jwt" and e.api.kind == "rest",
    ),
    Rule(
        name="jwt-needs-its-section",
        refuses="`authorisation: jwt` without `jwt`",
        key="api.jwt",
        why="tokens cannot be checked without knowing who issues them and for whom",
        fix="add `jwt: {issuer: …, audience: […]}`",
        broken=lambda e: e.api.authorisation == "jwt" and e.api.jwt is None,
    ),
    Rule(
        name="jwt-section-unused",
        refuses="`jwt` with another `authorisation`",
        key="api.jwt",
        why="nothing checks tokens, although the section reads as if something did",
        fix="write `authorisation: jwt`, or remove the section",
        broken=lambda e: e.api.authorisation != "jwt" and e.api.jwt is not None,
    ),
    Rule(
        name="no-dead-letter-queue",
        refuses="`dead_letter_queue: true`",
        key="api.dead_letter_queue",
        why="API Gateway calls the function synchronously and hands failures to the caller, so the queue stays empty",
        fix="remove it; failed calls are in the access log and in the function's metrics",
        broken=lambda e: e.api.dead_letter_queue,
    ),
    Rule(
        name="provisioned-within-reserved",
        refuses="`provisioned_concurrency` above `reserved_concurrency`",
        key="api.function.provisioned_concurrency",
        why="copies are kept warm out of the reserved ones, and Lambda refuses to keep more",
        fix="raise `reserved_concurrency` (or -1: unreserved), or lower `provisioned_concurrency`",
        broken=lambda e: 0 <= e.api.function.reserved_concurrency < e.api.function.provisioned_concurrency,
    ),
    Rule(
        name="vpc-function-needs-endpoints",
        refuses="`in_vpc: true` with `nat: none` and without the S3 and DynamoDB endpoints",
        key="api.function.in_vpc",
        why="the function would have no way to the archive nor to its table of earlier requests",
        fix="write `network.gateway_endpoints: [s3, dynamodb]`, or `network.nat: single`, or `in_vpc: false`",
        broken=lambda e: _stays_in_vpc(e) and not {"s3", "dynamodb"} <= set(e.network.gateway_endpoints),
    ),
    Rule(
        name="listings-need-a-way-out",
        refuses="`source: listings` with `in_vpc: true` and `nat: none`",
        key="api.function.source",
        why="listings come from an API on the internet, and the private subnets have no way there",
        fix="write `network.nat: single` or `per_zone`, or `in_vpc: false`, or `source: random`",
        broken=lambda e: _stays_in_vpc(e) and e.api.function.source == "listings",
    ),
    Rule(
        name="host-needs-laptop",
        refuses="`runtime: host` or `architecture: host` with `target: aws`",
        key="api.function",
        why="the package would be built for whichever machine deploys, and change from one to the next",
        fix="name them, for example `runtime: python3.13` and `architecture: arm64`",
        broken=lambda e: e.target == "aws" and "host" in {e.api.function.runtime, e.api.function.architecture},
    ),
    Rule(
        name="certificate-in-its-region",
        refuses="`domain.certificate_arn` that is not ACM's in the environment's region",
        key="api.domain.certificate_arn",
        why="a regional API serves its name with a certificate that ACM holds in the same region",
        fix="import the certificate into ACM in that region, or leave the key empty to have one made",
        broken=_certificate_elsewhere,
    ),
    Rule(
        name="code-signing-needs-aws",
        refuses="`signing_profile_arns` with `target: laptop`",
        key="api.function.signing_profile_arns",
        why="the embedded AWS neither signs nor looks at signatures, so it would only look as if code were checked",
        fix="leave it empty here and name the profile in the environments on AWS",
        broken=lambda e: e.target == "laptop" and bool(e.api.function.signing_profile_arns),
    ),
    Rule(
        name="signing-profile-at-home",
        refuses="a first profile in `signing_profile_arns` of another account or region",
        key="api.function.signing_profile_arns",
        why="the deploy signs with the first profile, which Signer finds by name in the function's account and region",
        fix="name a profile of the environment's own account and region first; others may follow",
        broken=_signs_elsewhere,
    ),
)


def check(environment: Environment) -> None:
    """Raises IllegalComposition with the first rule that the environment breaks."""
    for rule in RULES:
        if rule.broken(environment):
            raise IllegalComposition(rule.key, rule.why, rule.fix)


def table() -> str:
    """The rules as the Markdown table of docs/architecture/api.md."""
    rows = [f"| {rule.name} | {rule.refuses} | {rule.why} | {rule.fix} |" for rule in RULES]
    return "\n".join(["| Rule | Refused | Because | Instead |", "|---|---|---|---|", *rows]) + "\n"
