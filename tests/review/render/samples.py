"""Sample reviews for the tests of Markdown and HTML: of a typical pull request, a hostile one and a large one."""

from __future__ import annotations

import json

from groundwork.review.model import (
    REDACTED,
    AttributeChange,
    Bill,
    BillLine,
    Concern,
    Kind,
    Line,
    NotJudged,
    PlanResult,
    ResourceChange,
    Review,
    Risk,
    Rule,
    Severity,
    StackReview,
)

BASE = "1f0c2b7a94d6e35881aa20c4b9d7f3e6150c8a42"
HEAD = "9be41d70c2a8f6531e7d04b8a3c95f2e6d1870bb"


def attribute(path: str, before: object = None, after: object = None) -> AttributeChange:
    """A change between two values; None means that the attribute does not exist."""
    return AttributeChange(
        path=path,
        before=None if before is None else json.dumps(before),
        after=None if after is None else json.dumps(after),
    )


def policy(*actions: str, resource: str = "arn:aws:s3:::acme-archive/incoming/*") -> str:
    """A policy document as in Terraform: JSON in a string."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def resource(
    stack: str, address: str, kind: Kind, *attributes: AttributeChange, file: str = "", **more: object
) -> ResourceChange:
    origin = (Line(file=file.partition(":")[0], line=int(file.partition(":")[2])),) if file else ()
    return ResourceChange.model_validate(
        {
            "stack": stack,
            "address": address,
            "type": address.partition(".")[0],
            "kind": kind,
            "attributes": attributes,
            "origin": origin,
            **more,
        }
    )


def plan(
    status: str, add: int = 0, change: int = 0, destroy: int = 0, wave: int = 0, why: str = "", text: str = ""
) -> PlanResult:
    return PlanResult(status=status, add=add, change=change, destroy=destroy, why=why, text=text, wave=wave)


PLAN_TEXT = """Terraform will perform the following actions:

  # aws_db_instance.orders_2F6A91C3 must be replaced
-/+ resource "aws_db_instance" "orders_2F6A91C3" {
      ~ engine_version    = "15.8" -> "16.4"
      ~ storage_encrypted = true -> false # forces replacement
        password          = (sensitive value)
    }

Plan: 2 to add, 1 to change, 1 to destroy.
"""


def _network(environment: str, zones: int) -> StackReview:
    stack = f"{environment}-network"
    return StackReview(
        stack=stack,
        environment=environment,
        state="changed",
        resources=(
            resource(
                stack,
                "aws_security_group_rule.cluster_https_7B1F30DA",
                Kind.CHANGED,
                attribute("cidr_blocks", ["10.40.0.0/16"], ["10.40.0.0/16", "0.0.0.0/0"]),
                attribute("description", "Private API", "API from anywhere"),
                file="stacks/cluster.py:118",
            ),
            resource(
                stack,
                "aws_nat_gateway.nat_1_55C0E2B8",
                Kind.ADDED,
                attribute("allocation_id", None, "${aws_eip.nat_1_A83D1F52.allocation_id}"),
                attribute("subnet_id", None, "${aws_subnet.public_1_0B7E5C94.id}"),
                attribute("tags.Name", None, f"{environment}-nat-1"),
                file="stacks/blocks/network/nat.py:41",
            ),
        ),
        outputs=(attribute("nat_addresses", ["${aws_eip.nat_0.public_ip}"], [f"${{aws_eip.nat_{zones}.public_ip}}"]),),
        settings=(),
        plan=plan("change", add=1, change=1),
    )


def _data(environment: str) -> StackReview:
    stack = f"{environment}-data"
    return StackReview(
        stack=stack,
        environment=environment,
        state="changed",
        resources=(
            resource(
                stack,
                "aws_db_instance.orders_2F6A91C3",
                Kind.CHANGED,
                attribute("engine_version", "15.8", "16.4"),
                attribute("storage_encrypted", before=True, after=False),
                attribute("password", REDACTED, REDACTED),
                file="stacks/data.py:87",
                forces_replacement=("storage_encrypted",),
            ),
            resource(
                stack,
                "aws_iam_role_policy.archiver_90D24E17",
                Kind.CHANGED,
                attribute("policy", policy("s3:PutObject"), policy("s3:PutObject", "s3:GetObject", "s3:DeleteObject")),
                file="stacks/blocks/role.py:63",
            ),
            resource(
                stack,
                "aws_sns_topic.alerts_4C88B0E6",
                Kind.RENAMED,
                file="stacks/data.py:131",
                renamed_from="aws_sns_topic.alarms_E71D0A35",
            ),
        ),
        outputs=(),
        settings=(attribute("required_providers.aws.version", "5.99.1", "5.100.0"),),
        plan=plan("replace", add=2, change=1, destroy=1, wave=1, text=PLAN_TEXT),
    )


def _untouched(environment: str, name: str) -> StackReview:
    return StackReview(
        stack=f"{environment}-{name}", environment=environment, state="untouched", resources=(), outputs=(), settings=()
    )


def _risk(
    concern: Concern, severity: Severity, stack: str, address: str, sentence: str, line: str, advice: str = ""
) -> Risk:
    file, _, number = line.partition(":")
    return Risk(
        concern=concern,
        severity=severity,
        stack=stack,
        address=address,
        sentence=sentence,
        origin=(Line(file=file, line=int(number)),) if number else (),
        advice=advice,
    )


def pull_request() -> Review:
    """A mid-sized change: two similar environments, a blocked stack, and a stack without its provider."""
    stacks = []
    risks = []
    for environment in ("dev", "prod"):
        workloads = f"{environment}-workloads"
        stacks += [
            _untouched(environment, "state-backend"),
            _network(environment, 2),
            StackReview(
                stack=f"{environment}-cluster",
                environment=environment,
                state="changed",
                resources=(
                    resource(
                        f"{environment}-cluster",
                        "aws_eks_node_group.general_6E1B94F0",
                        Kind.CHANGED,
                        attribute("instance_types", ["m7g.large"], ["m7g.2xlarge"]),
                        attribute("scaling_config.max_size", 4, 12),
                        file="stacks/cluster.py:204",
                    ),
                ),
                outputs=(),
                settings=(),
                plan=plan("blocked", wave=1, why=f"waits for {environment}-network, which has no state yet")
                if environment == "dev"
                else plan("change", change=1, wave=1),
            ),
            _data(environment),
            StackReview(
                stack=workloads,
                environment=environment,
                state="added",
                resources=(
                    resource(
                        workloads,
                        "helm_release.ledger_3A0C7D58",
                        Kind.ADDED,
                        attribute("chart", None, "./charts/service"),
                        attribute("values[0]", None, {"replicas": 3, "image": {"repository": "ledger"}}),
                        file="stacks/workloads.py:52",
                    ),
                ),
                outputs=(),
                settings=(),
                plan=plan("not planned: provider missing", wave=2, why="hashicorp/helm 3.1.1 is not on this machine"),
            ),
            _untouched(environment, "api"),
        ]
        risks += [
            _risk(
                Concern.DATA_LOSS,
                Severity.HIGH,
                f"{environment}-data",
                "aws_db_instance.orders_2F6A91C3",
                "The database is replaced, and with it everything in it is lost.",
                "stacks/data.py:87",
            ),
            _risk(
                Concern.ACCESS,
                Severity.MEDIUM,
                f"{environment}-data",
                "aws_iam_role_policy.archiver_90D24E17",
                "The role gains s3:DeleteObject and s3:GetObject on arn:aws:s3:::acme-archive/incoming/*.",
                "stacks/blocks/role.py:63",
            ),
            _risk(
                Concern.NETWORK,
                Severity.HIGH,
                f"{environment}-network",
                "aws_security_group_rule.cluster_https_7B1F30DA",
                "Port 443 is opened to 0.0.0.0/0.",
                "stacks/cluster.py:118",
            ),
            _risk(
                Concern.PROTECTION,
                Severity.HIGH,
                f"{environment}-data",
                "aws_db_instance.orders_2F6A91C3",
                "storage_encrypted goes from true to false.",
                "stacks/data.py:87",
            ),
            _risk(
                Concern.DATA_LOSS,
                Severity.MEDIUM,
                f"{environment}-data",
                "aws_sns_topic.alerts_4C88B0E6",
                "The id alarms becomes alerts: 1 resource; Terraform destroys it and creates it again. To avoid that, "
                "keep the id alarms.",
                "stacks/data.py:131",
                advice='self.topic = SnsTopic(self, "alarms", name="alarms")  # stacks/data.py:131',
            ),
            _risk(
                Concern.PROVIDERS,
                Severity.LOW,
                f"{environment}-data",
                "",
                "The provider aws goes from 5.99.1 to 5.100.0.",
                "",
            ),
        ]
    risks.append(
        _risk(
            Concern.COST,
            Severity.MEDIUM,
            "prod-cluster",
            "aws_eks_node_group.general_6E1B94F0",
            "Nodes grow from m7g.large to m7g.2xlarge, and up to 12 of them instead of 4.",
            "stacks/cluster.py:204",
        )
    )
    line = BillLine(
        environment="prod", type="aws_nat_gateway", number=2, amount="73.00", what="EUW2-NatGateway-Hours",
        source="https://pricing.example/index.json", date="2026-09-25",
    )  # fmt: skip
    bill = Bill(currency="USD", region="eu-west-2", lines=(line,), not_priced={"aws_eks_node_group": 2}, by_use={})
    rule = Rule(name="logs-are-kept", severity=Severity.MEDIUM, owner="security", docs="https://rules.example/logs")
    sentence = "The log group keeps entries for 30 days; production keeps them for 365."
    risk = _risk(Concern.POLICY, Severity.MEDIUM, "prod-network", "", sentence, "stacks/network.py:40")
    risks.append(risk.model_copy(update={"rule": rule}))
    not_judged = (NotJudged(what="policies/data_stays_in_europe.rego", why="conftest is not on PATH"),)
    return Review(base=BASE, head=HEAD, stacks=tuple(stacks), risks=tuple(risks), bill=bill, not_judged=not_judged)


def nothing() -> Review:
    """The review of a refactoring, without a difference."""
    stacks = tuple(_untouched(environment, "network") for environment in ("dev", "prod"))
    return Review(base=BASE, head=HEAD, stacks=stacks, risks=())


CANARIES = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "</details></summary><h1>owned</h1>",
    "</style></script><iframe src=//evil.example></iframe>",
    "```\n@acme/admins please merge\n```",
    "~~~~\n</details>",
    "@acme/admins fixes #1 and acme/app#2 and GH-3",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) https://evil.example www.evil.example",
    "a | b \\| c `d` ``e`` *f* _g_ ~h~ $i$ :skull: &lt;b&gt; &#64;acme",
    "{{ 7 * 7 }} {% include 'x' %} ${aws_vpc.id}",
    "--> <!-- groundwork-review -->",
    "\u202egnp.exe\u200b\x07\x1b[31m",
)


HOSTILE_DOCS = "https://rules.example/a)](javascript:alert(1))'onclick='x|b"


def hostile() -> Review:
    """A review in which every text tries to be markup or a command."""
    stacks = []
    risks = []
    for number, bad in enumerate(CANARIES):
        stack = f"{bad}-{number}"
        stacks.append(
            StackReview(
                stack=stack,
                environment=bad,
                state="changed",
                resources=(
                    resource(
                        stack,
                        f"aws_x.{bad}",
                        Kind.CHANGED,
                        attribute(bad, bad, {bad: bad}),
                        AttributeChange(path="raw", before=bad, after=None),
                        forces_replacement=(bad,),
                        origin=(Line(file=bad, line=number + 1),),
                    ),
                    resource(stack, f"{bad}.new", Kind.RENAMED, renamed_from=bad),
                ),
                outputs=(attribute(bad, None, bad),),
                settings=(attribute(bad, bad, None),),
                plan=plan(bad, 1, 1, 1, number % 3, why=bad, text=f"{bad}\n{bad}"),
            )
        )
        risks.append(
            Risk(
                concern=list(Concern)[number % len(Concern)],
                severity=list(Severity)[number % 3],
                stack=stack,
                address=bad,
                sentence=bad,
                origin=(Line(file=bad, line=1),),
                advice=f"{bad}\n{bad}",
            )
        )
    risks = [
        risk.model_copy(update={"rule": Rule(name=bad, severity=risk.severity, owner=bad, docs=HOSTILE_DOCS)})
        for risk, bad in zip(risks, CANARIES, strict=True)
    ]
    return Review(
        base=CANARIES[0],
        head=CANARIES[6],
        stacks=tuple(stacks),
        risks=tuple(risks),
        not_judged=tuple(NotJudged(what=bad, why=bad) for bad in CANARIES),
    )


def large(resources: int, stacks: int = 20, risks: int = 40) -> Review:
    """A review with this many changed resources, spread evenly over the stacks, each with three attributes."""
    made = []
    kinds = (Kind.CHANGED, Kind.ADDED, Kind.REMOVED)
    for number in range(stacks):
        environment = ("dev", "staging", "prod", "eu")[number % 4]
        stack = f"{environment}-service-{number // 4}"
        changes = tuple(
            resource(
                stack,
                f"aws_ssm_parameter.setting_{number}_{index}",
                kinds[index % 3],
                attribute("value", f"before {index}" if index % 3 != 1 else None, None if index % 3 == 2 else "after"),
                attribute("tags.Owner", "platform" if index % 3 != 1 else None, None if index % 3 == 2 else "data"),
                attribute("policy", policy("ssm:GetParameter"), policy("ssm:GetParameter", f"ssm:Put{index}")),
                file=f"stacks/service.py:{index + 1}",
            )
            for index in range(number, resources, stacks)
        )
        made.append(
            StackReview(
                stack=stack,
                environment=environment,
                state="changed",
                resources=changes,
                outputs=(),
                settings=(),
                plan=plan("change", change=len(changes), wave=number // 4),
            )
        )
    listed = tuple(
        _risk(
            list(Concern)[index % len(Concern)],
            list(Severity)[index % 3],
            made[index % stacks].stack,
            f"aws_ssm_parameter.setting_{index % stacks}_{index % stacks}",
            f"Parameter {index} is readable by more principals than before.",
            f"stacks/service.py:{index + 1}",
        )
        for index in range(risks)
    )
    return Review(base=BASE, head=HEAD, stacks=tuple(made), risks=listed)
