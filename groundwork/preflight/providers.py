"""Providers: which ones, at which version, and with which settings.

A provider is a program. Its settings can name other programs, files with credentials, and servers that would receive
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.platform import Environment, PreflightLimits
from groundwork.preflight import Violation, document, expressions
from groundwork.refusals import Code
from groundwork.synthesis.lock_file import Provider, full_address

BUILT_IN = "terraform"
_FREE = {"alias", "default_tags"}
_ENDPOINTS = {
    "endpoints", "endpoint", "custom_ca_bundle", "http_proxy", "https_proxy", "no_proxy", "insecure",
    "s3_use_path_style", "s3_us_east_1_regional_endpoint", "sts_region", "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode", "use_fips_endpoint", "use_dualstack_endpoint", "skip_credentials_validation",
    "skip_requesting_account_id",
}  # fmt: skip
_HELM_EXEC_ARGUMENTS = ("eks", "get-token", "--cluster-name")
# cdktf's names of the outputs of an EKS cluster: the prefix, the resource with its hash, the attribute.
_CLUSTER_OUTPUT = re.compile(r"(cross-stack-output-aws_eks_cluster[A-Za-z0-9_-]+)endpoint")


def check(
    terraform: Mapping[str, Any],
    environment: Environment,
    *,
    locked: frozenset[Provider],
    lock_file: frozenset[Provider],
) -> Iterator[Violation]:
    """Violations in required providers and provider blocks.

    `locked` are the providers in all lock files of main, `lock_file` those in the one that lies in the stack's folder.
    """
    limits = environment.preflight
    declared: dict[str, str] = {}
    for name, entry in _required(terraform):
        if not isinstance(entry, dict) or entry.keys() - {"source", "version"}:
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"required_providers.{name} is not just source and version")
            continue
        provider = Provider(
            full_address(str(entry.get("source", name))), str(entry.get("version", "")).removeprefix("=").strip()
        )
        declared[name] = provider.address
        if provider.name != name:
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"required_providers.{name} is another provider's name")
        if provider not in locked:
            which = f"{provider.address} {provider.version or 'of any version'}"
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider {which} is not in a lock file on main")
        elif provider not in lock_file:
            yield Violation(Code.LOCK_FILE_DIFFERS, f"its folder has no lock file of main with {provider}")
    for kind in _resource_types(terraform):
        name = kind.split("_", 1)[0]
        if name not in {*declared, BUILT_IN}:
            # Terraform would look for the provider by itself and take its newest version.
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"{kind} needs a provider that required_providers does not name")
    configured = list(document.blocks(terraform.get("provider", {}), 1))
    for name in declared.keys() - {name for (name,), body in configured if "alias" not in body}:
        yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider {name} has no settings, so the job's environment decides")
    for (name,), body in configured:
        address = declared.get(name, "")
        if address.endswith("/hashicorp/aws"):
            yield from _aws(body, limits)
        elif address.endswith("/hashicorp/helm"):
            yield from _helm(body, limits, environment.region)
        else:
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"the settings of provider {name!r} are not known")


def _required(terraform: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for _, settings in document.blocks(terraform.get("terraform", {}), 0):
        for _, required in document.blocks(settings.get("required_providers", {}), 0):
            yield from ((name, entry) for name, entry in required.items() if name != "//")


def _resource_types(terraform: Mapping[str, Any]) -> set[str]:
    return {kind for section in ("resource", "data") for (kind, _), _ in document.blocks(terraform.get(section, {}), 2)}


def _aws(body: Mapping[str, Any], limits: PreflightLimits) -> Iterator[Violation]:
    allowed: dict[str, list[object]] = {
        "region": list(limits.regions),
        "allowed_account_ids": [[account] for account in limits.accounts],
    }
    allowed |= {key: [value] for key, value in limits.provider.items()}
    for key in ("region", "allowed_account_ids"):
        if key not in body:
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider aws has no {key}, so it could act elsewhere")
    for key, value in body.items():
        if key == "//" or key in _FREE:
            continue
        if key.startswith("assume_role"):
            yield from _assume_role(key, value, limits)
        elif key not in allowed:
            code = Code.ENDPOINT_NOT_ALLOWED if key in _ENDPOINTS else Code.PROVIDER_NOT_ALLOWED
            yield Violation(code, f"provider aws may not set {key}")
        elif value not in allowed[key]:
            yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider aws sets {key} to a value that main does not know")


def _assume_role(key: str, value: object, limits: PreflightLimits) -> Iterator[Violation]:
    if key != "assume_role":
        yield Violation(Code.ASSUME_ROLE_NOT_ALLOWED, f"provider aws may not set {key}")
        return
    for _, body in document.blocks(value, 0):
        for extra in body.keys() - {"role_arn", "//"}:
            yield Violation(Code.ASSUME_ROLE_NOT_ALLOWED, f"assume_role may not set {extra}")
        if body.get("role_arn") not in limits.roles:
            yield Violation(Code.ASSUME_ROLE_NOT_ALLOWED, "assume_role names a role that main does not know")


def _helm(body: Mapping[str, Any], limits: PreflightLimits, region: str) -> Iterator[Violation]:
    for key in body.keys() - {"kubernetes", "helm_driver", "alias", "//"}:
        yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider helm may not set {key}")
    if body.get("helm_driver", "configmap") != "configmap":
        # The driver `sql` would connect to any database.
        yield Violation(Code.PROVIDER_NOT_ALLOWED, "provider helm may keep releases only in ConfigMaps")
    kubernetes = [block for _, block in document.blocks(body.get("kubernetes", []), 0)]
    if len(kubernetes) != 1:
        yield Violation(Code.ENDPOINT_NOT_ALLOWED, "provider helm needs exactly one cluster")
    for settings in kubernetes:
        if not limits.kubeconfig or settings != {"config_path": limits.kubeconfig}:
            yield from _cluster(settings, limits, region)


def _cluster(settings: Mapping[str, Any], limits: PreflightLimits, region: str) -> Iterator[Violation]:
    for key in settings.keys() - {"host", "cluster_ca_certificate", "exec", "//"}:
        yield Violation(Code.PROVIDER_NOT_ALLOWED, f"provider helm may not set kubernetes.{key}")
    state, output = expressions.output_of_another_stack(settings.get("host")) or ("", "")
    cluster = _CLUSTER_OUTPUT.fullmatch(output)
    if not cluster:
        yield Violation(Code.ENDPOINT_NOT_ALLOWED, "provider helm may only reach the endpoint of the cluster stack")
    else:
        certificate = f"data.terraform_remote_state.{state}.outputs.{cluster[1]}certificate_authority0data"
        if settings.get("cluster_ca_certificate") != f"${{base64decode({certificate})}}":
            yield Violation(Code.ENDPOINT_NOT_ALLOWED, "provider helm may only trust the certificate of that cluster")
    for _, program in document.blocks(settings.get("exec", {}), 0):
        yield from _exec(program, limits, region)


def _exec(program: Mapping[str, Any], limits: PreflightLimits, region: str) -> Iterator[Violation]:
    arguments = [*_HELM_EXEC_ARGUMENTS, limits.cluster, "--region", region]
    expected = program.get("command") == "aws" and program.get("args") == arguments
    if not expected or program.keys() - {"api_version", "command", "args", "//"}:
        yield Violation(
            Code.PROVIDER_NOT_ALLOWED,
            "provider helm may only run `aws eks get-token` for the environment's own cluster",
        )
