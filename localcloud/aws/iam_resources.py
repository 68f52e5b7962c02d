"""The ARNs of what an operation is about: its parameters, in the formats of the service authorization reference."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from localcloud.aws.iam_table import Action, ResourceKind
from localcloud.aws.key_access import find_key
from localcloud.aws.operations import Operation

# Parameters for a variable of an ARN whose name does not lead to them, by the variable without regard to case.
_PARAMETERS = {
    ("ecr", "repositoryname"): ("repositorynames",),
    ("events", "rulename"): ("name", "rule"),
    ("rds", "clusterparametergroupname"): ("dbclusterparametergroupname",),
    ("rds", "dbclusterinstancename"): ("dbclusteridentifier",),
    ("rds", "dbinstancename"): ("dbinstanceidentifier",),
    ("rds", "parametergroupname"): ("dbparametergroupname",),
    ("rds", "snapshotname"): ("dbsnapshotidentifier", "finaldbsnapshotidentifier"),
    ("rds", "subnetgroupname"): ("dbsubnetgroupname",),
    ("route53", "id"): ("hostedzoneid", "resourceid"),
    ("secretsmanager", "secretid"): ("name",),
    ("sqs", "queuename"): ("queueurl",),
}
_PLACE = ("partition", "region", "account")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_EC2_ID = re.compile(r"([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8,17}")
# moto's kinds that EC2's reference calls something else.
_EC2_KINDS = {
    "nat-gateway": "natgateway",
    "vpc-elastic-ip": "elastic-ip",
    "flow-logs": "vpc-flow-log",
    "managed-prefix-list": "prefix-list",
}


def resources_of(action: Action, operation: Operation, *, account: str, region: str) -> Sequence[str]:
    """The ARNs that policies have to allow for `action`; an id that AWS has yet to choose is `*` in them.

    `*` alone where the action knows no resource, or the request names none.
    """
    place = {"partition": _partition(region), "region": region, "account": account}
    special = _SPECIAL.get(operation.prefix)
    named: dict[str, list[str]] = {}
    for kind in action.kinds:
        arns = special(kind, operation, place) if special else None
        named[kind.name] = list(_arns(kind, operation, place)) if arns is None else arns
    filled = [arn for arns in named.values() for arn in arns]
    # EC2 checks each kind on its own, also what is being made; elsewhere kinds are alternatives.
    open_kinds = [
        _fill(kind.arn, place, {})
        for kind in action.kinds
        if kind.required and not named[kind.name] and (operation.prefix == "ec2" or not filled)
    ]
    return list(dict.fromkeys([*filled, *open_kinds])) or ["*"]


def _arns(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> Iterator[str]:
    """The ARNs of one kind that the request names."""
    parameters = {name.lower(): value for name, value in operation.parameters.items()}
    top = [text for value in parameters.values() for text in _texts(value)]
    inner = [text for _, text in operation.values()] if kind.required else []
    for texts in (top, inner):
        if complete := [text for text in texts if text.startswith("arn:") and _format(kind.arn).fullmatch(text)]:
            yield from complete
            return
    variables = [name.lower() for name in _VARIABLE.findall(kind.arn) if name.lower() not in _PLACE]
    values = {name: _values(operation.prefix, kind.name.lower(), name, parameters) for name in variables}
    known = {name: texts for name, texts in values.items() if texts}
    for chosen in product(*known.values()) if known else ():
        yield _fill(kind.arn, place, dict(zip(known, chosen, strict=True)))


def _values(prefix: str, kind: str, variable: str, parameters: Mapping[str, object]) -> list[str]:
    """What the request says for a variable such as FunctionName, in the first parameter that is named like it."""
    short = variable.removesuffix("withpath")
    names = [short, f"{short}s", *_PARAMETERS.get((prefix, variable), ())]
    if short == f"{kind}name":
        names += ["name", "names"]
    if short.endswith("name"):
        names.append(short.removesuffix("name"))
    for name in names:
        if texts := _texts(parameters.get(name)):
            return [text.rsplit("/", 1)[-1] if prefix in {"route53", "sqs"} else text for text in texts]
    return []


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    return [value] if isinstance(value, str) and value else []


def _fill(arn: str, place: Mapping[str, str], values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1].lower()
        return place.get(name) or values.get(name, "*")

    return _VARIABLE.sub(value, arn)


@functools.lru_cache(maxsize=2048)
def _format(arn: str) -> re.Pattern[str]:
    parts = _VARIABLE.split(arn)
    patterns = [
        ("[^:]*" if part.lower() in _PLACE else ".+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(patterns))


def _partition(region: str) -> str:
    return next((f"aws-{begin}" for begin in ("cn", "us-gov") if region.startswith(f"{begin}-")), "aws")


# ── services whose requests name their resources in a way of their own ───────────────────────────────
Special = Callable[[ResourceKind, Operation, Mapping[str, str]], list[str] | None]


def _ec2(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str]:
    """EC2's ids say what they are of: vpc-0123…; only the request's own parameters, not what rules refer to."""
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

    arns = []
    ids = [text for value in operation.parameters.values() for text in _texts(value)]
    ids += [item for text in ids for item in _associated(text, place)]
    for text in ids:
        match = _EC2_ID.fullmatch(text)
        name = EC2_PREFIX_TO_RESOURCE.get(match[1], "") if match else ""
        if kind.name == _EC2_KINDS.get(name, name):
            arns.append(re.sub(r"\$\{(?!Partition|Region|Account)\w+\}", text, kind.arn))
    return [_fill(arn, place, {}) for arn in arns]


def _associated(text: str, place: Mapping[str, str]) -> list[str]:
    """What an association is of: a route table and its subnet, or an address."""
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[place["account"]][place["region"]]
    if text.startswith("rtbassoc-"):
        tables = [table for table in backend.route_tables.values() if text in table._associations]
        return [each for table in tables for each in (table.id, table._associations[text])]
    if text.startswith("eipassoc-"):
        return [str(each.allocation_id) for each in backend.addresses if each.association_id == text]
    return []


def _events(kind: ResourceKind, operation: Operation, _: Mapping[str, str]) -> list[str] | None:
    """A rule's ARN names its bus only where that is not the default bus, and what PutRule tags is the rule."""
    if kind.name == "event-bus" and operation.name == "PutRule":
        return []
    default = operation.parameters.get("EventBusName", "default") == "default"
    return [] if default and kind.name == "rule-on-custom-event-bus" else None


def _iam(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str] | None:
    """A role for a service lies under the service's path (IAM API reference, CreateServiceLinkedRole)."""
    if operation.name != "CreateServiceLinkedRole":
        return None
    path = f"aws-service-role/{operation.parameters.get('AWSServiceName', '')}/*"
    return [_fill(kind.arn, place, {"rolenamewithpath": path})]


def _kms(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str] | None:
    """Policies name keys by ARN, whatever the request names them by; Decrypt may leave the key to the ciphertext."""
    parameters = operation.parameters
    if kind.name == "alias":
        name = str(parameters.get("AliasName", "")).removeprefix("alias/")
        return [_fill(kind.arn, place, {"alias": name})] if name else []
    reference = parameters.get("KeyId") or parameters.get("TargetKeyId")
    if not reference and operation.name == "DeleteAlias":
        reference = parameters.get("AliasName")
    if not reference and isinstance(blob := parameters.get("CiphertextBlob"), bytes):
        reference = blob[:36].decode("ascii", "replace")
    location = find_key(str(reference), account=place["account"], region=place["region"]) if reference else None
    return [str(location[0].arn)] if location else []


def _secrets(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str] | None:
    """A secret's ARN ends in six characters that AWS chooses."""
    reference = str(operation.parameters.get("SecretId") or operation.parameters.get("Name") or "")
    if not reference or reference.startswith("arn:"):
        return None
    return [_fill(kind.arn, place, {"secretid": f"{reference}-??????"})]


def _ssm(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str] | None:
    """Names of parameters that are paths begin with a slash, which their ARNs leave out."""
    if kind.name != "parameter":
        return None
    named = [operation.parameters.get(name) for name in ("Name", "Names", "Path")]
    texts = [text for value in named for text in _texts(value)]
    if not texts or any(text.startswith("arn:") for text in texts):
        return None
    return [_fill(kind.arn, place, {"parameternamewithoutleadingslash": text.strip("/")}) for text in texts]


def _wafv2(kind: ResourceKind, operation: Operation, place: Mapping[str, str]) -> list[str] | None:
    """The scope of an ARN is in lower case, and only an ACL has the name."""
    parameters = operation.parameters
    if kind.name != "webacl":
        return None if any(text.startswith("arn:") for text in map(str, parameters.values())) else []
    if not parameters.get("Name"):
        return None
    scope = str(parameters.get("Scope", "REGIONAL")).lower()
    values = {"scope": scope, "name": str(parameters["Name"]), "id": str(parameters.get("Id", "*"))}
    return [_fill(kind.arn, place, values)]


_SPECIAL: Mapping[str, Special] = {
    "ec2": _ec2,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "secretsmanager": _secrets,
    "ssm": _ssm,
    "wafv2": _wafv2,
}
