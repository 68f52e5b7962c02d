"""Images through ECR: rules and templates, who may fill the cache, and where releases pull from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from constructs import Construct
from pydantic import ValidationError

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.waivers import waivers
from stacks.cluster import ClusterStack
from stacks.delivery import DeliveryStack
from stacks.network import NetworkStack
from stacks.values import Environment
from stacks.values.image_cache import UPSTREAMS
from stacks.workloads import WorkloadsStack
from tests.support.pipeline_roles import ACCOUNT, REPOSITORY, allowed, delivery
from tests.support.synth import environment, only_resource, resources, statements, synth

BOTH: dict[str, Any] = {"image_cache": ["public.ecr.aws", "ghcr.io"]}
HOME = f"eu-west-2:{ACCOUNT}"
COPIES = [f"arn:aws:ecr:{HOME}:repository/acme-dev/{folder}/*" for folder in ("public", "ghcr")]
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:TagResource"]
SECRET = f"arn:aws:secretsmanager:{HOME}:secret:ecr-pullthroughcache/acme-dev-ghcr-AbCdEf"


def cluster_stack(scope: Construct, values: Environment) -> ClusterStack:
    return ClusterStack(scope, values, network=NetworkStack(scope, values))


def workloads_stack(scope: Construct, values: Environment) -> WorkloadsStack:
    return WorkloadsStack(scope, values, cluster=cluster_stack(scope, values))


@pytest.fixture(scope="module")
def cached() -> Any:
    fargate = {"jobs": {"namespace": "jobs"}}
    return synth(cluster_stack, cluster={**BOTH, "fargate_profiles": fargate}, delivery={"images_kept": 40})


# ── rules and templates ────────────────────────────────────────────────────────────────────────────
def test_without_the_value_nothing_is_cached() -> None:
    assert environment().cluster.image_cache == ()
    document = synth(cluster_stack)
    assert not {kind for kind in document["resource"] if kind.startswith("aws_ecr")}
    assert "image-cache" not in json.dumps(document)


def test_each_registry_gets_a_rule_and_only_some_need_credentials(cached: Any) -> None:
    rules = {rule["ecr_repository_prefix"]: rule for rule in resources(cached, "aws_ecr_pull_through_cache_rule")}
    assert {prefix: rule["upstream_registry_url"] for prefix, rule in rules.items()} == {
        "acme-dev/public": "public.ecr.aws",
        "acme-dev/ghcr": "ghcr.io",
    }
    assert "credential_arn" not in rules["acme-dev/public"]
    (secret,) = cached["data"]["aws_secretsmanager_secret"].items()
    assert rules["acme-dev/ghcr"]["credential_arn"] == f"${{data.aws_secretsmanager_secret.{secret[0]}.arn}}"
    assert secret[1]["name"] == "ecr-pullthroughcache/acme-dev-ghcr"


def test_docker_hub_is_cached_under_the_address_that_ecr_knows() -> None:
    """ECR API reference, CreatePullThroughCacheRule, upstreamRegistryUrl."""
    document = synth(cluster_stack, cluster={"image_cache": ["docker.io"]})
    assert only_resource(document, "aws_ecr_pull_through_cache_rule")["upstream_registry_url"] == "registry-1.docker.io"


def test_copies_are_encrypted_tagged_tidied_and_never_change(cached: Any) -> None:
    templates = resources(cached, "aws_ecr_repository_creation_template")
    assert {template["prefix"] for template in templates} == {"acme-dev/public", "acme-dev/ghcr"}
    for template in templates:
        assert template["applied_for"] == ["PULL_THROUGH_CACHE"]
        assert template["image_tag_mutability"] == "IMMUTABLE"
        (encryption,) = template["encryption_configuration"]
        assert (encryption["encryption_type"], encryption["kms_key"][:14]) == ("KMS", "${aws_kms_key.")
        assert template["resource_tags"]["environment"] == "dev"
        assert template["resource_tags"]["stack"] == "image-cache", "gw recover would miss them in the cluster's state"
        (rule,) = json.loads(template["lifecycle_policy"])["rules"]
        assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 40}


def test_a_rule_is_made_after_the_template_of_its_repositories(cached: Any) -> None:
    for folder in ("public", "ghcr"):
        (rule,) = [
            rule for rule in resources(cached, "aws_ecr_pull_through_cache_rule")
            if rule["ecr_repository_prefix"] == f"acme-dev/{folder}"
        ]  # fmt: skip
        (template,) = rule["depends_on"]
        address = template.removeprefix("aws_ecr_repository_creation_template.")
        made = cached["resource"]["aws_ecr_repository_creation_template"][address]
        assert made["prefix"] == f"acme-dev/{folder}"


def test_an_existing_key_for_registries_encrypts_the_copies_too() -> None:
    arn = f"arn:aws:kms:{HOME}:key/1"
    document = synth(cluster_stack, cluster=BOTH, keys={"registries": arn})
    templates = resources(document, "aws_ecr_repository_creation_template")
    assert {each["encryption_configuration"][0]["kms_key"] for each in templates} == {arn}
    assert len(resources(document, "aws_kms_key")) == len(resources(synth(cluster_stack), "aws_kms_key"))


def test_ecr_makes_repositories_of_the_cache_and_no_others(cached: Any) -> None:
    """ECR user guide, "Create a custom policy for repository creation templates"."""
    (name,) = [
        key for key, role in cached["resource"]["aws_iam_role"].items() if role["name"] == "acme-dev-image-cache"
    ]
    trust = statements(cached["resource"]["aws_iam_role"][name]["assume_role_policy"])["ServiceAssumes"]
    assert trust["Principal"] == {"Service": "ecr.amazonaws.com"}
    granted = _policy(cached, name, "make-repositories")
    assert granted["MakeRepositories"]["Resource"] == COPIES
    assert granted["EncryptThem"]["Action"] == ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]


# ── who pulls ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", ["nodes", "fargate"])
def test_whoever_pulls_may_import_into_the_cache_and_nowhere_else(cached: Any, role: str) -> None:
    """ECR user guide, "IAM permissions required to sync an upstream registry": import and create."""
    (name,) = [key for key, body in cached["resource"]["aws_iam_role"].items() if body["name"] == f"acme-dev-{role}"]
    statement = _policy(cached, name, "image-cache")["ImportImages"]
    assert (statement["Action"], statement["Resource"]) == (IMPORT, COPIES)


def test_nodes_of_auto_mode_may_import_into_the_cache() -> None:
    addons = {"metrics-server": "v0.8.1-eksbuild.10"}
    document = synth(cluster_stack, cluster={**BOTH, "nodes": "auto_mode", "addons": addons})
    (name,) = [key for key, body in document["resource"]["aws_iam_role"].items() if body["name"] == "acme-dev-nodes"]
    assert _policy(document, name, "image-cache")["ImportImages"]["Resource"] == COPIES


def _policy(document: Any, role: str, name: str) -> dict[str, dict[str, Any]]:
    (policy,) = [
        each["policy"]
        for each in resources(document, "aws_iam_role_policy")
        if each["role"] == f"${{aws_iam_role.{role}.id}}" and each["name"] == name
    ]
    return statements(policy)


# ── where releases pull from ───────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("image", "pulled_from"),
    [
        ("ghcr.io/acme/hello", f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/acme-dev/ghcr/acme/hello"),
        ("nginx", f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/acme-dev/docker/library/nginx"),
        ("quay.io/acme/hello", "quay.io/acme/hello"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/acme-dev/users", None),
    ],
)
def test_a_release_pulls_from_the_cache_or_stays_direct(image: str, pulled_from: str | None) -> None:
    hello = {"namespace": "hello", "image": image, "tag": "1.2.3"}
    document = synth(
        workloads_stack, cluster={"image_cache": ["ghcr.io", "docker.io"]}, workloads={"hello": hello}
    )  # fmt: skip
    values = json.loads(only_resource(document, "helm_release")["values"][0])
    assert values["image"] == {"repository": pulled_from or image, "tag": "1.2.3"}


# ── values that cannot work ────────────────────────────────────────────────────────────────────────
def test_a_cache_without_a_way_out_raises() -> None:
    """ECR user guide, "Considerations": with an endpoint for ECR, the first pull needs a NAT gateway."""
    endpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"]
    with pytest.raises(IllegalComposition, match="the first pull of an image through ECR needs") as raised:
        synth(cluster_stack, cluster=BOTH, network={"nat": "none", "interface_endpoints": endpoints})
    assert raised.value.key == "cluster.image_cache"
    assert "single or per_zone" in raised.value.fix


def test_names_too_long_for_ecr_raise() -> None:
    """ECR API reference: ecrRepositoryPrefix has 30 characters at most."""
    with pytest.raises(IllegalComposition, match="acme-pharmaceuti-preproduction/public has 37"):
        synth(cluster_stack, organisation="acme-pharmaceuti", name="preproduction", cluster=BOTH)


def test_the_laptop_has_no_cache_because_nothing_could_pull_from_it() -> None:
    with pytest.raises(ValidationError, match=r"cluster\.image_cache: the embedded AWS keeps no images"):
        environment(target="laptop", accounts={"main": {"id": "000000000000"}}, cluster=BOTH)


def test_a_registry_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="names a registry twice"):
        environment(cluster={"image_cache": ["ghcr.io", "ghcr.io"]})


# ── credentials and the pipeline ───────────────────────────────────────────────────────────────────
def test_bootstrap_makes_the_secrets_that_people_fill() -> None:
    """ECR reads no other key than aws/secretsmanager, and a secret when the rule is made: so it is there before."""
    stacks: list[DeliveryStack] = []

    def build(scope: Construct, values: Environment) -> DeliveryStack:
        stacks.append(DeliveryStack(scope, values))
        return stacks[-1]

    document = synth(build, cluster={"image_cache": list(UPSTREAMS)})
    secrets = {each["name"]: each for each in resources(document, "aws_secretsmanager_secret")}
    assert set(secrets) == {"ecr-pullthroughcache/acme-dev-ghcr", "ecr-pullthroughcache/acme-dev-docker"}
    assert not any("kms_key_id" in each for each in secrets.values())
    assert "aws_secretsmanager_secret_version" not in document["resource"]
    assert "CKV_AWS_149" in {waiver.check for waiver in waivers(stacks[0])}


def pipeline(**values: Any) -> Any:
    return delivery(singletons={"github_repository": REPOSITORY}, **values)


@pytest.mark.parametrize("role", ["plan", "plan-pull-request", "apply"])
def test_planning_reads_the_cache_s_settings_and_no_credentials(role: str) -> None:
    document = pipeline(cluster=BOTH)
    for action in ("ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositoryCreationTemplates"):
        assert allowed(document, role, action, "*")
        assert not allowed(pipeline(), role, action, "*"), "without a cache nobody needs it"
    assert allowed(document, role, "secretsmanager:DescribeSecret", SECRET)
    assert allowed(document, role, "secretsmanager:GetSecretValue", SECRET) == (role == "apply")
    assert not allowed(document, role, "secretsmanager:DescribeSecret", SECRET.replace("acme-dev", "acme-prod"))


def test_the_apply_role_may_make_the_cache() -> None:
    """Sources of the actions: stacks/blocks/pipeline/image_cache_access.py."""
    document = pipeline(cluster=BOTH)
    for what in ("PullThroughCacheRule", "RepositoryCreationTemplate"):
        for verb in ("Create", "Update", "Delete"):
            assert allowed(document, "apply", f"ecr:{verb}{what}", "*")
            assert not allowed(document, "plan", f"ecr:{verb}{what}", "*")
    role = f"arn:aws:iam::{ACCOUNT}:role/acme-dev-image-cache"
    assert allowed(document, "apply", "iam:PassRole", role, {"iam:PassedToService": "ecr.amazonaws.com"})
    nodes = role.replace("image-cache", "nodes")
    assert not allowed(document, "apply", "iam:PassRole", nodes, {"iam:PassedToService": "ecr.amazonaws.com"})
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x"
    for service in ("ecr.amazonaws.com", "pullthroughcache.ecr.amazonaws.com"):
        assert allowed(document, "apply", "iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": service})
