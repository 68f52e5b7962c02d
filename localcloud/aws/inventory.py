"""What exists in the embedded AWS, per account, region and service, without what AWS itself always has.

What a backend of moto holds right after it was made is AWS's own: the default VPC, the managed policies, the default
event bus. Everything that came later was made by somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.aws import store
from localcloud.aws.patching import Method, wrap

Resource = tuple[str, str]  # kind (the attribute that holds it) and identifier

# Sessions, measurements and catalogues, which no destroy could or should remove.
_IGNORED_SERVICES = {"sts", "moto_api", "instance_metadata", "ssoadmin", "resourcegroupstaggingapi"}
_IGNORED_KINDS = {
    "ec2": {"amis", "instance_types", "flow_logs_tracking", "vpc_refs", "subnet_associations", "reservations"},
    "iam": {"access_keys", "aws_managed_policies", "account_summary", "policy_arn_regex"},
    "cloudwatch": {"metric_data", "aws_metric_data", "paged_metric_data", "default_metric_data"},
    "kms": {"grants"},
    "logs": {"export_tasks", "queries"},
    "rds": {"events"},
}


@dataclass
class Inventory:
    """Identifiers by account, region and service; apart from them what waits for its deletion (KMS keys, secrets)."""

    resources: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)
    pending_deletion: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """As /_groundwork/inventory answers it."""
        return {"resources": self.resources, "pending_deletion": self.pending_deletion}

    def counts(self) -> dict[str, dict[str, int]]:
        """How many resources, by account and service."""
        totals: dict[str, dict[str, int]] = {}
        for account, regions in self.resources.items():
            for services in regions.values():
                for service, names in services.items():
                    per_account = totals.setdefault(account, {})
                    per_account[service] = per_account.get(service, 0) + len(names)
        return totals

    def total(self) -> int:
        """How many resources altogether."""
        return sum(sum(services.values()) for services in self.counts().values())

    def add(self, account: str, region: str, service: str, name: str) -> None:
        """Add a resource that is not listed yet."""
        names = self.resources.setdefault(account, {}).setdefault(region, {}).setdefault(service, [])
        if name not in names:
            names.append(name)


def take_inventory() -> Inventory:
    """List everything; call while holding the lock."""
    from moto.core.base_backend import BackendDict

    inventory = Inventory()
    for backends in list(BackendDict._instances):
        service = str(backends.service_name)
        if service in _IGNORED_SERVICES:
            continue
        for account, region, backend in list(backends.iter_backends()):
            baseline: frozenset[Resource] = getattr(backend, "groundwork_baseline", frozenset())
            for kind, name in sorted(set(_holdings(service, backend)) - baseline):
                inventory.add(account, region, service, f"{kind}/{name}")
            inventory.pending_deletion += [f"{account}/{region}/{name}" for name in _pending(service, backend)]
    for (account, region, service), values in store.dump().items():
        for name in sorted(values):
            inventory.add(account, region, service, name)
    return inventory


def install_baseline() -> None:
    """Remember of every backend what it held when it was made."""
    from moto.core.base_backend import AccountSpecificBackend

    wrap(AccountSpecificBackend, "__getitem__", _getitem)


def _getitem(original: Method, self: Any, region_name: str) -> Any:
    backend = original(self, region_name)
    if not hasattr(backend, "groundwork_baseline"):
        backend.groundwork_baseline = frozenset()  # while _holdings reads it
        backend.groundwork_baseline = frozenset(_holdings(str(self.service_name), backend))
    return backend


def _holdings(service: str, backend: Any) -> Iterator[Resource]:
    list_special, special_kind = _SPECIAL.get(service, (None, ""))
    if list_special is not None:
        yield from list_special(backend)
    skipped = {special_kind, *_IGNORED_KINDS.get(service, ())}
    for kind, value in list(vars(backend).items()):
        if kind in skipped or kind.startswith("groundwork_"):
            continue
        for name in _names(value, depth=2):
            if not _is_aws_own(service, kind, name, value):
                yield kind.strip("_"), name


def _names(value: Any, *, depth: int) -> Iterator[str]:
    """The names of the models a dict or list holds, through at most `depth` levels of dicts."""
    if isinstance(value, Mapping):
        for key, item in list(value.items()):
            if _is_model(item) or (isinstance(item, list) and item and _is_model(item[0])):
                yield str(key)
            elif depth > 1 and isinstance(item, Mapping):
                yield from _names(item, depth=depth - 1)
    elif isinstance(value, list):
        yield from (_identifier(item) for item in value if _is_model(item))


def _is_model(item: Any) -> bool:
    from moto.core.base_backend import BaseBackend

    return type(item).__module__.startswith("moto.") and not isinstance(item, BaseBackend)


def _identifier(item: Any) -> str:
    for name in ("arn", "id", "name", "physical_resource_id"):
        value = getattr(item, name, None)
        if isinstance(value, str) and value:
            return value
    return type(item).__name__


def _is_aws_own(service: str, kind: str, name: str, holder: Any) -> bool:
    """Whether it comes and goes with something else, as a VPC's default group, main route table and default ACL do."""
    if service == "ec2" and isinstance(holder, Mapping):
        nested = (each[name] for each in holder.values() if isinstance(each, Mapping) and name in each)
        item = holder.get(name) or next(nested, None)
        if kind == "groups":
            return getattr(item, "name", "") == "default"
        if kind == "route_tables":
            return bool(getattr(item, "main_association_id", None))
        if kind == "network_acls":
            return str(getattr(item, "default", "")).lower() == "true"
    if service == "ecs" and isinstance(holder, Mapping):
        revisions = [pair for each in holder.values() if isinstance(each, Mapping) for pair in each.items()]
        items = [item for key, item in (*holder.items(), *revisions) if str(key) == name]
        # AWS shows clusters, services and task definitions as inactive for a while, too.
        return all(getattr(item, "status", "") == "INACTIVE" for item in items)
    if service == "rds" and name.startswith("default"):
        return True
    return service == "ssm" and name.startswith("/aws/")


# ── services whose models lie deeper than _names looks ───────────────────────────────────────────────────
def _lambda(backend: Any) -> Iterator[Resource]:
    for name, versions in backend._lambdas._functions.items():
        yield "functions", name
        yield from (("versions", f"{name}:{each.version}") for each in versions["versions"])
        yield from (("aliases", f"{name}:{alias}") for alias in backend._lambdas._get_function_aliases(name))
    yield from (("layers", name) for name in backend._layers._layers)


def _s3(backend: Any) -> Iterator[Resource]:
    for name, bucket in backend.buckets.items():
        yield "buckets", name
        yield from (("objects", f"{name}/{key}") for key in bucket.keys)


def _kms(backend: Any) -> Iterator[Resource]:
    for key in backend.keys.values():
        aliases = [alias for alias in key.aliases if not alias.startswith("alias/aws/")]
        is_aws_own = key.key_manager == "AWS" or (key.aliases and not aliases)
        if key.key_state != "PendingDeletion" and not is_aws_own:
            yield "keys", key.id
        yield from (("aliases", alias) for alias in aliases)


def _events(backend: Any) -> Iterator[Resource]:
    for bus in backend.event_buses.values():
        if bus.name != "default":
            yield "event_buses", bus.name
        yield from (("rules", f"{bus.name}/{rule}") for rule in bus.rules)


def _secrets(backend: Any) -> Iterator[Resource]:
    yield from (("secrets", secret.name) for secret in backend.secrets.values() if not secret.is_deleted())


def _iam(backend: Any) -> Iterator[Resource]:
    yield from (("roles", role.name) for role in backend.roles.values())  # moto's keys are ids


# Service → how its models are listed, and the attribute of the backend that this covers.
_SPECIAL: Mapping[str, tuple[Callable[[Any], Iterator[Resource]], str]] = {
    "lambda": (_lambda, ""),
    "s3": (_s3, "buckets"),
    "kms": (_kms, "keys"),
    "events": (_events, "event_buses"),
    "iam": (_iam, "roles"),
    "secretsmanager": (_secrets, "secrets"),
}


def _pending(service: str, backend: Any) -> Iterator[str]:
    if service == "kms":
        yield from (f"kms/{key.id}" for key in backend.keys.values() if key.key_state == "PendingDeletion")
    if service == "secretsmanager":
        yield from (f"secretsmanager/{each.name}" for each in backend.secrets.values() if each.is_deleted())
