"""Changes that were seeded into this repository's own stacks, and the headline that a review has to give each.

`python -m tests.review.seeded` writes them into the table of docs/review-headlines.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.review.real_changes import Edits

API, ACCOUNT, ARCHIVE, NETWORK = "stacks/api.py", "stacks/account.py", "stacks/archive.py", "stacks/network.py"
CLUSTER, STATE, CATALOG, DEV = (
    "stacks/cluster.py",
    "stacks/state_backend.py",
    "stacks/catalog.py",
    "environments/dev.yaml",
)
_BLOCKS = "stacks/blocks"
FIREWALL, REST = f"{_BLOCKS}/api/web_acl.py", f"{_BLOCKS}/api/rest_api.py"
FUNCTION, GITHUB = f"{_BLOCKS}/api/lambda_function.py", f"{_BLOCKS}/pipeline/github_role.py"
EKS, NODES = f"{_BLOCKS}/cluster/eks_cluster.py", f"{_BLOCKS}/cluster/node_group.py"
GROUPS = f"{_BLOCKS}/cluster/cluster_security_groups.py"
BUCKET, ARCHIVE_BUCKET = f"{_BLOCKS}/storage/private_bucket.py", f"{_BLOCKS}/storage/archive_bucket.py"
GUARDS, TRAIL = f"{_BLOCKS}/security/account_guards.py", f"{_BLOCKS}/observability/trail.py"
KEY, TABLE = f"{_BLOCKS}/security/encryption_key.py", f"{_BLOCKS}/storage/idempotency_table.py"
DEPLOYMENT = "charts/service/templates/deployment.yaml"
OURS, THEIRS = "111111111111", "999999999999"

_ANCHORS = {
    API: '        self.api = self._rest() if values.kind == "rest" else self._http()\n',
    ARCHIVE: '        TerraformOutput(self, "bucket", value=self.archive.bucket.bucket.id)\n',
    CLUSTER: "        self.add_outputs(cluster_name=cluster_name)\n",
    NETWORK: "        self.add_outputs(vpc_id=self.vpc_id, private_subnet_ids=self.private_subnet_ids)\n",
}


@dataclass(frozen=True)
class RealSeed:
    """A change of the stacks of dev, the headline of its review without the environment's name.

    `reason` says why it matters, or why it does not; `before` are edits that base has already. `is_quiet`: there is no
    finding, or one of low severity.
    """

    name: str
    reason: str
    edits: Edits
    headline: str
    before: Edits = field(default_factory=dict)
    is_quiet: bool = False


def _adds(stack: str, *lines: str) -> Edits:
    """Lines of Python at the end of the constructor of a stack."""
    anchor = _ANCHORS[stack]
    return {stack: (anchor, anchor + "".join(f"        {line}\n" for line in lines))}


def _aws(module: str, name: str) -> str:
    return f"from cdktf_cdktf_provider_aws.{module} import {name}"


def _changes(stack: str, before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Edits, Edits]:
    """The edits of base, and those on top of it, where lines of a constructor become others."""
    (first, text) = _adds(stack, *before)[stack]
    _, changed = _adds(stack, *after)[stack]
    return {stack: (first, text)}, {stack: (text, changed)}


def _of_buckets(name: str, reason: str, before: str, after: str, headline: str) -> RealSeed:
    """A change of an argument of several buckets."""
    imported = _aws("s3_bucket", "S3Bucket")
    made = 'several = S3Bucket(self, "several", bucket_prefix="acme-dev-several-")'
    base, edits = _changes(NETWORK, (imported, made, before), (imported, made, after))
    return RealSeed(name, reason, edits, headline, before=base)


def _removed(name: str, reason: str, *, destroy: bool, headline: str) -> RealSeed:
    """The table of locks leaves the code, and a `removed` block says what happens to it."""
    made = 'self.locks = LockTable(self, "locks", table_name=self.names.lock_table, key=self.key, aws=self.aws)'
    block = f'[{{"from": "aws_dynamodb_table.locks_table_0C565602", "lifecycle": {{"destroy": {destroy}}}}}]'
    return RealSeed(name, reason, {STATE: (made, f'self.add_override("removed", {block})')}, headline)


def _off(value: str) -> Edits:
    """A setting of the account that is switched off in the environment's file."""
    return {DEV: ("singletons:\n", f"singletons:\n  {value}: false\n")}


_POLICY = "from stacks.blocks.iam.policy_document import Statement"
_RULE = "from stacks.blocks.network.security_rules import let_in"
_VARIABLE = 'from cdktf import TerraformVariable; partner = TerraformVariable(self, "partner", type="string")'
_NODES = 'self.security_groups, "partner", self.security_groups.nodes.id, "Partners"'
_GROUP = 'group = SecurityGroup(self, "partners", vpc_id=self.vpc_id, description="Partners")'
_CIDRS = '{"a": "10.1.0.0/16", "b": "10.2.0.0/16"}'

SEEDS: tuple[RealSeed, ...] = (
    # ── data ─────────────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "a table's `count` becomes 0",
        "Terraform destroys every instance, and no resource block leaves the code.",
        _adds(API, 'self.table.table.add_override("count", 0)'),
        "1 of 1 instances of aws_dynamodb_table are destroyed (keys 0), its items with them",
    ),
    _of_buckets(
        "a lower `count` of buckets",
        "The instances with the highest numbers go, whichever they are.",
        'several.add_override("count", 3)',
        'several.add_override("count", 2)',
        "1 of 3 instances of aws_s3_bucket are destroyed (keys 2), its objects with them",
    ),
    _of_buckets(
        "`count` becomes `for_each`",
        "Keys replace numbers, so that every instance has another address.",
        'several.add_override("count", 2)',
        'several.add_override("for_each", {"a": "", "b": ""})',
        "2 of 2 instances of aws_s3_bucket are destroyed (keys 0, 1), its objects with them",
    ),
    _of_buckets(
        "a bucket loses a key of `for_each`",
        "The instance of that key goes, though its block stays.",
        'several.add_override("for_each", {"a": "", "b": ""})',
        'several.add_override("for_each", {"a": ""})',
        '1 of 2 instances of aws_s3_bucket are destroyed (keys "b"), its objects with them',
    ),
    RealSeed(
        "the archive's objects expire sooner",
        "S3 deletes older objects within a day, without a further apply.",
        {DEV: ("runner: vpc\n", "runner: vpc\narchive:\n  keep_days: 100\n")},
        "Objects of acme-dev-archive-444444444444 are deleted after 100 days (rule tidy)",
    ),
    RealSeed(
        "the states expire",
        "Without its state Terraform makes everything again.",
        {STATE: ("Retention(old_version_days", "Retention(expire_days=7, old_version_days")},
        "Objects of the bucket of the states (acme-dev-state-111111111111) are deleted after 7 days (rule tidy)",
    ),
    RealSeed(
        "old versions of states go sooner",
        "They are the way back from a broken state.",
        {DEV: ("runner: vpc\n", "runner: vpc\nstate:\n  keep_versions_days: 30\n")},
        (
            "Older versions of the bucket of the states (acme-dev-state-111111111111) are deleted after 30 days "
            "(rule tidy)"
        ),
    ),
    _removed(
        "a table is no longer managed",
        "It costs and can be reached, and no review sees it any more.",
        destroy=False,
        headline=(
            "aws_dynamodb_table acme-dev-state-locks is no longer managed: it stays in AWS, and no code describes it"
        ),
    ),
    _removed(
        "a table is destroyed by a `removed` block",
        "The block reads like tidying up, and its items go.",
        destroy=True,
        headline="aws_dynamodb_table acme-dev-state-locks is destroyed, and its items with it",
    ),
    RealSeed(
        "a stack leaves the catalogue",
        "Its resources stay without code until somebody destroys them by its state.",
        {CATALOG: ("    archive = ArchiveStack(scope, environment)\n", "    archive = None\n")},
        (
            "The stack is no longer in the code: its 17 resources are orphaned until it is destroyed; aws_s3_bucket "
            "acme-dev-archive-access-444444444444 is destroyed, and its objects with it; and 2 more"
        ),
    ),
    RealSeed(
        "a table can no longer be restored to a second",
        "A wrong write can only be undone from a backup.",
        {TABLE: ("DynamodbTablePointInTimeRecovery(enabled=True)", "DynamodbTablePointInTimeRecovery(enabled=False)")},
        "Point-in-time recovery is switched off",
    ),
    RealSeed(
        "versions of objects are no longer kept",
        "An overwritten or deleted object has no earlier version.",
        {BUCKET: ('Configuration(status="Enabled")', 'Configuration(status="Suspended")')},
        "Versioning is switched off: an overwritten or deleted object is gone",
    ),
    # ── programs ─────────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "a provisioner",
        "It runs on the machine that applies, with its credentials.",
        _adds(API, 'self.function.function.add_override("provisioner", [{"local-exec": {"command": "id"}}])'),
        "An apply starts a program: provisioner local-exec",
    ),
    RealSeed(
        "`data.external`",
        "It runs in every plan, that of a pull request included.",
        _adds(ARCHIVE, 'self.add_override("data.external.who", {"program": ["id"]})'),
        "Every plan starts a program: data.external",
    ),
    RealSeed(
        "a module from elsewhere",
        "Its code is fetched when it is planned, and the review does not see it.",
        _adds(
            ARCHIVE,
            'from cdktf import TerraformHclModule; TerraformHclModule(self, "m", source="git::https://x.example/m")',
        ),
        "Module m is new, from git::https://x.example/m: the review does not see what it makes",
    ),
    RealSeed(
        "a chart's container is privileged",
        "It can leave its container (Kubernetes, Pod Security Standards).",
        {DEPLOYMENT: ("privileged: false", "privileged: true")},
        "Deployment hello/hello is privileged: it may do on the node whatever root may (container service)",
    ),
    RealSeed(
        "a chart's pods share the node's network",
        "They reach the node's credentials and what listens on its loopback.",
        {
            DEPLOYMENT: (
                "      enableServiceLinks: false\n",
                "      enableServiceLinks: false\n      hostNetwork: true\n",
            )
        },
        "Deployment hello/hello shares the node's network (hostNetwork)",
    ),
    RealSeed(
        "a chart no longer demands an ordinary user",
        "Root in a container is one flaw away from root on the node.",
        {DEPLOYMENT: ("        runAsNonRoot: true\n", "")},
        "Deployment hello/hello may run as root: runAsNonRoot is not true (container service)",
    ),
    RealSeed(
        "a comment in a chart's template",
        "The rendered objects are equal; only the package differs.",
        {
            DEPLOYMENT: (
                "      enableServiceLinks: false\n",
                "      {{- /* later */}}\n      enableServiceLinks: false\n",
            )
        },
        "No rule matched; 1 resource changes",
        is_quiet=True,
    ),
    # ── network ──────────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "a firewall's rule counts instead of blocking",
        "It looks alive in metrics, and lets everything pass.",
        {FIREWALL: ('"action": {"block": {}},', '"action": {"count": {}},')},
        "The firewall's rule requests-per-address no longer blocks",
    ),
    RealSeed(
        "a firewall's managed rules only count",
        "The same, for a whole group of AWS's rules.",
        {FIREWALL: ('"override_action": {"none": {}},', '"override_action": {"count": {}},')},
        (
            "The firewall's rule AWSManagedRulesAmazonIpReputationList no longer blocks; The firewall's rule "
            "AWSManagedRulesAnonymousIpList no longer blocks; and 2 more"
        ),
    ),
    RealSeed(
        "a firewall loses a group of rules",
        "What the group blocked gets through.",
        {FIREWALL: ('    "AWSManagedRulesKnownBadInputsRuleSet": (),\n', "")},
        "The firewall's rule AWSManagedRulesKnownBadInputsRuleSet is gone",
    ),
    RealSeed(
        "the firewall is off",
        "Authorisation and throttle alone stand before the function.",
        {DEV: ("  waf: true\n", "  waf: false\n")},
        "The web firewall is destroyed; The web firewall no longer stands in front of it; and 1 more",
    ),
    RealSeed(
        "an open API",
        "Whoever knows the address may call; AWS bills each call.",
        {DEV: ("  authorisation: iam\n", "  authorisation: open\n")},
        "Everyone who reaches the API may call the method",
    ),
    RealSeed(
        "an open API without a firewall, whose log group goes",
        "The open API leads: lost logs follow what is as severe.",
        {DEV: ("  authorisation: iam\n  waf: true\n", "  authorisation: open\n  waf: false\n")},
        "Everyone who reaches the API may call the method; The web firewall is destroyed; and 2 more",
    ),
    RealSeed(
        "nodes open to everyone",
        "Every port of every node is reached from the internet.",
        _adds(CLUSTER, f'{_RULE}; let_in({_NODES}, cidr="0.0.0.0/0")'),
        "Inbound traffic from anywhere is opened: every protocol and port",
    ),
    RealSeed(
        "networks that together are everywhere",
        "Two halves pass a rule that looks for 0.0.0.0/0.",
        _adds(
            CLUSTER,
            _RULE,
            f'let_in({_NODES}, cidr="0.0.0.0/1")',
            f'let_in({_NODES.replace("partner", "other")}, cidr="128.0.0.0/1")',
        ),
        "Inbound traffic from anywhere is opened: every protocol and port; 0.0.0.0/1, 128.0.0.0/1 are everywhere",
    ),
    RealSeed(
        "a network that a variable decides",
        "The value is not in the code: silence would say that it is harmless.",
        _adds(CLUSTER, _RULE, _VARIABLE, f"let_in({_NODES}, cidr=partner.string_value)"),
        "Inbound traffic from ${var.partner}, which is not known here, is opened: every protocol and port",
    ),
    RealSeed(
        "networks of `for_each`",
        "The same, where each instance has another network.",
        _adds(
            NETWORK,
            _aws("security_group", "SecurityGroup"),
            _GROUP,
            f'group.add_override("for_each", {_CIDRS})',
            (
                'group.add_override("ingress", [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": '
                '["${each.value}"]}])'
            ),
        ),
        "Inbound traffic from ${each.value}, which is not known here, is opened: every protocol and port",
    ),
    RealSeed(
        "networks of a `dynamic` block",
        "The same, where Terraform makes the blocks.",
        _adds(
            NETWORK,
            _aws("security_group", "SecurityGroup"),
            _GROUP,
            (
                f'group.add_override("dynamic.ingress", {{"for_each": {_CIDRS}, "content": {{"protocol": "-1", '
                f'"from_port": 0, "to_port": 0, "cidr_blocks": ["${{ingress.value}}"]}}}})'
            ),
        ),
        "dynamic ingress changes to an expression whose result is not known here: see in the plan what it opens",
    ),
    RealSeed(
        "the cluster's endpoint is public",
        "Credentials alone then protect the cluster's API.",
        {DEV: ("api:\n", 'cluster:\n  public_endpoint_cidrs: ["51.140.0.0/24"]\napi:\n')},
        (
            "The cluster's API can be reached from 51.140.0.0/24; CKV_AWS_39 is waived until 2027-10-31: Runners "
            "outside the VPC release to this cluster; only ranges named in the environment get in"
        ),
    ),
    RealSeed(
        "one NAT gateway instead of one per zone",
        "One zone's failure takes the way out of all, and released addresses do not come back.",
        {DEV: ("  nat: per_zone\n", "  nat: single\n")},
        (
            "1 NAT gateway instead of 3: when its zone fails, others lose the internet, and partners may allow the "
            "addresses that are released"
        ),
        before={DEV: ("  nat: single\n", "  nat: per_zone\n")},
    ),
    # ── access ───────────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "another boundary of a role",
        "A boundary caps what the role may ever be given.",
        _adds(API, f'self.function.role.role.permissions_boundary = "arn:aws:iam::{OURS}:policy/loose"'),
        (
            "The permissions boundary becomes arn:aws:iam::111111111111:policy/loose instead of "
            "arn:aws:iam::111111111111:policy/acme-dev-delivery-boundary"
        ),
    ),
    RealSeed(
        "longer sessions of the pipeline's roles",
        "Stolen credentials work for as long.",
        {GITHUB: ("session_minutes * 60", "session_minutes * 600")},
        (
            "A session of the role lasts up to 72000 s instead of 7200 s; A session of the role lasts up to 36000 s "
            "instead of 3600 s"
        ),
    ),
    RealSeed(
        "logs that go to a foreign account",
        "Logs hold what callers send.",
        _adds(
            API,
            _aws("cloudwatch_log_subscription_filter", "CloudwatchLogSubscriptionFilter"),
            (
                'CloudwatchLogSubscriptionFilter(self, "copy", name="copy", '
                'log_group_name=self.function.log_group.name, filter_pattern="", '
                f'destination_arn="arn:aws:logs:eu-west-2:{THEIRS}:destination:a")'
            ),
        ),
        "Account 999999999999 belongs to no environment: destination_arn",
    ),
    RealSeed(
        "a topic that a foreign queue subscribes to",
        "Every message is copied out of the account.",
        _adds(
            API,
            _aws("sns_topic_subscription", "SnsTopicSubscription"),
            (
                f'SnsTopicSubscription(self, "copy", topic_arn="arn:aws:sns:eu-west-2:{OURS}:a", protocol="sqs", '
                f'endpoint="arn:aws:sqs:eu-west-2:{THEIRS}:a")'
            ),
        ),
        "Account 999999999999 belongs to no environment: endpoint",
    ),
    RealSeed(
        "an event bus that a foreign account may write to",
        "Its events start what our rules start.",
        _adds(
            API,
            _aws("cloudwatch_event_permission", "CloudwatchEventPermission"),
            f'CloudwatchEventPermission(self, "other", principal="{THEIRS}", statement_id="other")',
        ),
        "Account 999999999999 belongs to no environment: principal",
    ),
    RealSeed(
        "a stream that a foreign account may write to",
        "It decides what our consumers read.",
        _adds(
            API,
            _aws("kinesis_resource_policy", "KinesisResourcePolicy"),
            "import json",
            (
                f'KinesisResourcePolicy(self, "other", resource_arn="arn:aws:kinesis:eu-west-2:{OURS}:stream/a", '
                f'policy=json.dumps({{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{THEIRS}"}}, '
                f'"Action": "kinesis:PutRecord", "Resource": "arn:aws:kinesis:eu-west-2:{OURS}:stream/a"}}]}}))'
            ),
        ),
        (
            "Account 999999999999 belongs to no environment: policy.Statement.Principal.AWS; The policy on the "
            "resource newly allows: kinesis:PutRecord on arn:aws:kinesis:eu-west-2:111111111111:stream/a to "
            "arn:aws:iam::999999999999:root"
        ),
    ),
    RealSeed(
        "a foreign Lambda layer",
        "Its code runs with the function's role.",
        {
            FUNCTION: (
                "            publish=True,\n",
                f'            layers=["arn:aws:lambda:eu-west-2:{THEIRS}:layer:a:1"],\n            publish=True,\n',
            )
        },
        "Account 999999999999 belongs to no environment: layers",
    ),
    RealSeed(
        "a foreign dead-letter queue",
        "It gets whole events, whenever a call fails.",
        _adds(
            API,
            f'self.function.function.add_override("dead_letter_config.target_arn", "arn:aws:sqs:eu-west-2:{THEIRS}:a")',
        ),
        "Account 999999999999 belongs to no environment: dead_letter_config.target_arn",
    ),
    RealSeed(
        "a foreign administrator of the cluster",
        "It may read every secret of the cluster.",
        {
            DEV: (
                "api:\n",
                (
                    f"cluster:\n  access:\n    partner:\n      principal_arn: arn:aws:iam::{THEIRS}:role/partner\n    "
                    "  policy: cluster_admin\napi:\n"
                ),
            )
        },
        (
            "Account 999999999999 belongs to no environment: principal_arn; The policy AmazonEKSClusterAdminPolicy "
            "is attached"
        ),
    ),
    RealSeed(
        "`iam:PassRole` on every role",
        "Whoever passes a role to a service has that role's rights.",
        _adds(
            API,
            _POLICY,
            (
                'self.function.role.allow("pass", Statement(sid="Pass", actions=["iam:PassRole"], '
                f'resources=["arn:aws:iam::{OURS}:role/*"]))'
            ),
        ),
        "The policy gains: iam:PassRole on arn:aws:iam::111111111111:role/*",
    ),
    RealSeed(
        "`s3:PutObject` on everything",
        "It overwrites states, plans and logs.",
        _adds(
            API,
            _POLICY,
            (
                'self.function.role.allow("write", Statement(sid="Write", actions=["s3:PutObject"], resources=["*"], '
                'any_resource_because="AWS offers nothing narrower for it"))'
            ),
        ),
        "The policy gains: s3:PutObject on every resource",
    ),
    RealSeed(
        "a policy's action that a variable decides",
        "It can be any action, `*` included.",
        _adds(
            API,
            _POLICY,
            _VARIABLE,
            (
                'self.function.role.allow("do", Statement(sid="Do", actions=[partner.string_value], '
                "resources=[self.table.table.arn]))"
            ),
        ),
        "The policy gains: ${var.partner} on ${aws_dynamodb_table.requests_table_131A3DF9.arn}",
    ),
    RealSeed(
        "a role for everyone of an organisation",
        "The condition alone limits it, so the finding names it.",
        {
            f"{_BLOCKS}/iam/service_role.py": (
                "principal=Principal(services=[service]),",
                'principal=Principal(everyone=True) if "lambda" in service else Principal(services=[service]),',
            )
        },
        "The role may now be assumed by everyone, limited by aws:sourceaccount StringEquals 111111111111",
    ),
    RealSeed(
        "the pipeline's roles for every environment of the repository",
        "A job without reviewers could then sign in as the role that applies.",
        {
            GITHUB: (
                '    return {\n        "StringEquals": {\n',
                '    subjects = [f"repo:{subject}:*"]\n    return {\n        "StringLike": {\n',
            )
        },
        (
            "The role's trust loses or loosens the condition token.actions.githubusercontent.com:sub for "
            "sts:AssumeRoleWithWebIdentity to arn:aws:iam::111111111111:oidc-pro…"
        ),
    ),
    RealSeed(
        "`StringLike` without a wildcard instead of `StringEquals`",
        "Both match the same text.",
        {GITHUB: ('        "StringEquals": {\n', '        "StringLike": {\n')},
        "No rule matched; 5 resources change",
        is_quiet=True,
    ),
    RealSeed(
        "tokens for other audiences than AWS",
        "A token that was made for another service would be accepted.",
        {GITHUB: ('            f"{_ISSUER}:aud": "sts.amazonaws.com",\n', "")},
        (
            "The role's trust loses or loosens the condition token.actions.githubusercontent.com:aud for "
            "sts:AssumeRoleWithWebIdentity to arn:aws:iam::111111111111:oidc-pro…"
        ),
    ),
    # ── protection ───────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "the cluster's audit log is off",
        "Nothing says who read a secret or changed a pod.",
        {EKS: ('LOG_TYPES = ("api", "audit", ', 'LOG_TYPES = ("api", ')},
        "The cluster no longer writes its audit log",
    ),
    RealSeed(
        "a longer way to the instance's credentials",
        "Pods are one hop further away than the node.",
        {NODES: ("http_put_response_hop_limit=1", "http_put_response_hop_limit=3")},
        "Programs 3 network hops away reach the instance's credentials, instead of 1",
    ),
    RealSeed(
        "a ConfigMap decides who gets into the cluster",
        "It is changed without AWS's access entries, and without CloudTrail.",
        {EKS: ('authentication_mode="API"', 'authentication_mode="API_AND_CONFIG_MAP"')},
        "Whoever may edit a ConfigMap of the cluster decides who gets in",
    ),
    RealSeed(
        "whole requests in the log",
        "A log is a second, less guarded copy of the data.",
        {REST: ("data_trace_enabled=False", "data_trace_enabled=True")},
        "Whole requests and answers are written to the log, with whatever callers send",
    ),
    RealSeed(
        "`ignore_changes = all`",
        "Drift is accepted for ever, and later changes of the code do nothing.",
        _adds(API, 'self.table.table.add_override("lifecycle.ignore_changes", "all")'),
        "ignore_changes is all: neither this code nor drift changes it any more",
    ),
    RealSeed(
        "a bucket is open to public policies",
        "A policy for everyone would no longer be refused.",
        {BUCKET: ("            block_public_policy=True,\n", "            block_public_policy=False,\n")},
        "Public access to the bucket is possible: block_public_policy off",
    ),
    RealSeed(
        "GuardDuty is switched off",
        "Stolen credentials and miners go unnoticed.",
        _off("threat_detection"),
        "Nothing watches the account for attacks",
    ),
    RealSeed(
        "GuardDuty is disabled",
        "The detector stays, and finds nothing.",
        {GUARDS: ('"detector", enable=True', '"detector", enable=False')},
        "GuardDuty is switched off",
    ),
    RealSeed(
        "nothing is trailed any more",
        "The bucket of what was recorded goes with the trail.",
        _off("trail"),
        (
            "aws_s3_bucket acme-dev-audit-access-111111111111 is destroyed, and its objects with it; aws_s3_bucket "
            "acme-dev-audit-111111111111 is destroyed, and its objects with it; and 2 more"
        ),
    ),
    RealSeed(
        "a trail of one region",
        "Attackers prefer regions that nobody looks at.",
        {TRAIL: ("            is_multi_region_trail=True,\n", "            is_multi_region_trail=False,\n")},
        "The trail sees one region only",
    ),
    RealSeed(
        "a trail without its checksums",
        "Records could be changed without a trace.",
        {TRAIL: ("            enable_log_file_validation=True,\n", "            enable_log_file_validation=False,\n")},
        "Changed log files are no longer noticed",
    ),
    RealSeed(
        "shorter passwords",
        "They are guessed sooner (CIS AWS Foundations Benchmark 1.8).",
        {GUARDS: ("minimum_password_length=16", "minimum_password_length=8")},
        "Passwords may have 8 characters",
    ),
    RealSeed(
        "no rules for passwords",
        "AWS's default asks for eight characters.",
        _off("password_policy"),
        "Passwords of users are as weak as AWS allows",
    ),
    RealSeed(
        "new disks are not encrypted by default",
        "A disk that forgets the argument is in plain text.",
        {GUARDS: ('"encryption", enabled=True', '"encryption", enabled=False')},
        "New disks are no longer encrypted",
    ),
    RealSeed(
        "nobody analyses access",
        "A policy that lets outsiders in is found by nobody.",
        _off("access_analyzer"),
        "Access from outside the account is no longer reported",
    ),
    RealSeed(
        "keys are not rotated",
        "One key protects everything that was ever written.",
        {
            KEY: (
                "            enable_key_rotation=True,\n            rotation_period_in_days=rotation_days,\n",
                "            enable_key_rotation=False,\n",
            )
        },
        "The key is no longer rotated",
    ),
    RealSeed(
        "fewer pods",
        "A node's failure or an upgrade takes the service away.",
        {DEV: ("    readiness_path: /readyz\n", "    readiness_path: /readyz\n    min_replicas: 1\n")},
        "At least 1 pods run instead of 2 (replicas.min)",
    ),
    RealSeed(
        "protection from destruction is off",
        "A destroy then deletes what buckets and registries hold.",
        {DEV: ("protect: true\n", "protect: false\n")},
        (
            "force_destroy is switched on: a destroy deletes the objects too; skip_final_snapshot is switched on: a "
            "destroy leaves no copy behind; and 5 more"
        ),
        before={DEV: ("protect: false\n", "protect: true\n")},
    ),
    # ── secrets ──────────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "a password in a function's environment",
        "It is in the code's history, the state, the plan, and the console.",
        _adds(API, 'self.function.function.add_override("environment.variables.DB_PASSWORD", "correct-horse-battery")'),
        (
            "environment.variables.DB_PASSWORD looks like a secret in plain text: name where it is kept instead, and "
            "replace the secret"
        ),
    ),
    RealSeed(
        "a password in a chart's values",
        "The same, and in the release that Helm keeps in the cluster.",
        {
            DEV: (
                "    readiness_path: /readyz\n",
                "    readiness_path: /readyz\n    environment:\n      DB_PASSWORD: correct-horse-battery\n",
            )
        },
        (
            "values[0].environment.DB_PASSWORD looks like a secret in plain text: name where it is kept instead, and "
            "replace the secret"
        ),
    ),
    # ── no finding ───────────────────────────────────────────────────────────────────────────────────
    RealSeed(
        "the order of `depends_on`",
        "Terraform reads a set.",
        {FUNCTION: ("            depends_on=allowed,\n", "            depends_on=allowed[::-1],\n")},
        "No change in the Terraform",
        is_quiet=True,
    ),
    RealSeed(
        "another Sid, and an action twice",
        "IAM reads the same statement.",
        {
            ARCHIVE_BUCKET: (
                '            sid="AddObjects",\n            actions=["s3:PutObject"],',
                '            sid="WriteObjects",\n            actions=["s3:PutObject", "s3:PutObject"],',
            )
        },
        "No change in the Terraform",
        is_quiet=True,
    ),
    RealSeed(
        "`null` instead of an absent argument",
        "Terraform reads both alike.",
        _adds(API, 'self.table.table.add_override("read_capacity", None)'),
        "No change in the Terraform",
        is_quiet=True,
    ),
    RealSeed(
        "another id of a bucket",
        "The id is part of the address, and Terraform knows a resource by its address.",
        {
            BUCKET: (
                '            self,\n            "bucket",\n            bucket=',
                '            self,\n            "store",\n            bucket=',
            )
        },
        (
            "The id bucket becomes store: 1 resource, 1 holds data; Terraform destroys it and creates it again. To "
            "avoid that, keep the id bucket"
        ),
    ),
    RealSeed(
        "more memory for a function",
        "Paid for while it runs: worth knowing, and no reason to wait.",
        {DEV: ("  waf: true\n", "  waf: true\n  function:\n    memory_mb: 512\n")},
        "memory_size grows from 256 to 512",
        is_quiet=True,
    ),
    RealSeed(
        "another tag",
        "Every resource changes, and nothing happens to it: one finding, not hundreds.",
        {DEV: ("  team: platform\n", "  team: other\n")},
        "Tags of every resource change: provider.aws[0].default_tags[0].tags.team becomes other instead of platform",
        is_quiet=True,
    ),
    RealSeed(
        "another image",
        "It was pulled by a tag before, too.",
        {DEV: ("    tag: 6.9.1\n", "    tag: 6.9.2\n")},
        "No rule matched; 1 resource changes",
        is_quiet=True,
    ),
)
