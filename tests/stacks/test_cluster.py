"""The cluster: who has access, what it runs on, and values that EKS would accept but that could not work."""

import json
from typing import Any

import pytest
from constructs import Construct

from stacks.blocks.cluster import cluster_rules
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.waivers import waivers
from stacks.cluster import ClusterStack
from stacks.network import NetworkStack
from stacks.values import Environment
from tests.support.synth import environment, only_resource, resources, statements, synth

FARGATE_ONLY = {
    "node_groups": {},
    "fargate_profiles": {"system": {"namespace": "kube-system"}},
    "addons": {"coredns": "v1.13.2-eksbuild.31"},
}
NOWHERE_NEAR_NODES = "run on nodes, and there are only Fargate profiles"


def build(scope: Construct, values: Environment) -> ClusterStack:
    return ClusterStack(scope, values, network=NetworkStack(scope, values))


def cluster(*, runner: str = "vpc", **values: Any) -> Any:
    return synth(build, cluster=values, runner=runner)


def check(*, runner: str = "vpc", **values: Any) -> None:
    built = environment(cluster=values, runner=runner)
    cluster_rules.check(built.cluster, runner=built.runner)


@pytest.fixture(scope="module")
def default() -> Any:
    return cluster()


@pytest.fixture(scope="module")
def mixed() -> Any:
    """Nodes of both kinds, Fargate, and a public endpoint."""
    return cluster(
        runner="hosted",
        public_endpoint_cidrs=["52.94.76.0/22"],
        node_groups={
            "general": {},
            "edge": {"image": "bottlerocket", "architecture": "x86_64", "instance_types": ["m7i.large"], "min": 0},
        },
        fargate_profiles={"batch": {"namespace": "batch", "labels": {"runs": "once"}}},
        access={
            "people": {"principal_arn": "arn:aws:iam::111122223333:role/people", "policy": "cluster_admin"},
            "team": {"principal_arn": "arn:aws:iam::111122223333:role/t", "policy": "edit", "namespaces": ["shop"]},
        },
    )


# ── who has access ─────────────────────────────────────────────────────────────────────────────────
def test_the_endpoint_is_private_unless_address_ranges_are_allowed(default: Any, mixed: Any) -> None:
    private = only_resource(default, "aws_eks_cluster")["vpc_config"]
    assert private["endpoint_private_access"]
    assert not private["endpoint_public_access"]
    public = only_resource(mixed, "aws_eks_cluster")["vpc_config"]
    assert public["endpoint_public_access"]
    assert public["public_access_cidrs"] == ["52.94.76.0/22"]


def test_hosted_runners_and_a_private_endpoint_raise() -> None:
    with pytest.raises(IllegalComposition, match="cannot reach a private endpoint") as raised:
        cluster(runner="hosted")
    assert raised.value.key == "cluster.public_endpoint_cidrs"
    assert "runner: vpc" in raised.value.fix


def test_a_public_endpoint_needs_a_waiver_and_a_private_one_does_not() -> None:
    stacks: list[ClusterStack] = []

    def remember(scope: Construct, values: Environment) -> ClusterStack:
        stacks.append(build(scope, values))
        return stacks[-1]

    synth(remember, runner="hosted", cluster={"public_endpoint_cidrs": ["52.94.76.0/22"]})
    synth(remember)
    checks = [{waiver.check for waiver in waivers(stack)} for stack in stacks]
    assert ["CKV_AWS_39" in names for names in checks] == [True, False]


def test_not_even_the_creator_has_access_without_an_entry(default: Any) -> None:
    assert only_resource(default, "aws_eks_cluster")["access_config"] == {
        "authentication_mode": "API",
        "bootstrap_cluster_creator_admin_permissions": False,
    }
    assert "aws_eks_access_entry" not in default["resource"]


def test_the_pipeline_reads_the_cluster_to_plan_and_writes_to_apply() -> None:
    def entries(**access: Any) -> dict[str, str]:
        """Role → policy."""
        github = {"github_repository": "acme/platform"}
        document = synth(build, cluster={"access": access}, runner="vpc", singletons=github)["resource"]
        roles = {
            f"${{aws_eks_access_entry.{name}.principal_arn}}": body["principal_arn"].rsplit("/", 1)[1]
            for name, body in document["aws_eks_access_entry"].items()
        }
        associations = document["aws_eks_access_policy_association"].values()
        return {roles[each["principal_arn"]]: each["policy_arn"].rsplit("/", 1)[1] for each in associations}

    reads, writes = "AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy"
    plans = {"acme-dev-delivery-plan": reads, "acme-dev-delivery-plan-pull-request": reads}
    assert entries() == {**plans, "acme-dev-delivery-apply": writes}
    named = {"principal_arn": "arn:aws:iam::111122223333:role/acme-dev-delivery-apply", "policy": "edit"}
    assert entries(mine=named) == {**plans, "acme-dev-delivery-apply": "AmazonEKSEditPolicy"}, "a value overrides it"


def test_access_is_for_the_whole_cluster_or_for_namespaces(mixed: Any) -> None:
    scopes = {
        body["policy_arn"].rsplit("/", 1)[1]: body["access_scope"]
        for body in resources(mixed, "aws_eks_access_policy_association")
    }
    assert scopes == {
        "AmazonEKSClusterAdminPolicy": {"type": "cluster"},
        "AmazonEKSEditPolicy": {"type": "namespace", "namespaces": ["shop"]},
    }


def test_a_cluster_admin_of_one_namespace_raises() -> None:
    entry = {"principal_arn": "arn:aws:iam::111122223333:role/x", "policy": "cluster_admin", "namespaces": ["shop"]}
    with pytest.raises(IllegalComposition, match="only look like one"):
        check(access={"x": entry})


def test_two_access_entries_for_one_principal_raise() -> None:
    entry = {"principal_arn": "arn:aws:iam::111122223333:role/x", "policy": "view"}
    with pytest.raises(IllegalComposition, match="one entry per principal") as raised:
        check(access={"first": entry, "second": entry})
    assert raised.value.key == "cluster.access.second.principal_arn"


def test_a_node_group_name_that_aws_would_refuse_is_refused() -> None:
    with pytest.raises(ValueError, match="node_groups"):
        check(node_groups={"General Purpose": {}})


# ── the control plane ──────────────────────────────────────────────────────────────────────────────
def test_secrets_are_encrypted_with_a_key_that_rotates(default: Any) -> None:
    assert only_resource(default, "aws_eks_cluster")["encryption_config"]["resources"] == ["secrets"]
    assert only_resource(default, "aws_kms_key")["enable_key_rotation"]


def test_an_existing_key_is_used_instead_of_making_one() -> None:
    arn = "arn:aws:kms:eu-west-2:111122223333:key/11111111-2222-3333-4444-555555555555"
    document = cluster(key_arn=arn)
    assert only_resource(document, "aws_eks_cluster")["encryption_config"]["provider"]["key_arn"] == arn
    assert "aws_kms_key" not in document["resource"]


def test_all_control_plane_logs_go_to_a_group_made_before_the_cluster(default: Any) -> None:
    body, group = only_resource(default, "aws_eks_cluster"), only_resource(default, "aws_cloudwatch_log_group")
    assert len(body["enabled_cluster_log_types"]) == 5
    assert group["name"] == f"/aws/eks/{body['name']}/cluster"
    assert any(needed.startswith("aws_cloudwatch_log_group.") for needed in body["depends_on"])


def test_a_protected_cluster_is_not_destroyed() -> None:
    assert only_resource(synth(build, protect=True), "aws_eks_cluster")["lifecycle"] == {"prevent_destroy": True}


def test_the_control_plane_is_in_subnets_without_internet_access(default: Any) -> None:
    assert all("intra" in subnet for subnet in only_resource(default, "aws_eks_cluster")["vpc_config"]["subnet_ids"])


# ── nodes and Fargate ──────────────────────────────────────────────────────────────────────────────
def test_pods_cannot_use_the_nodes_role_and_disks_are_encrypted(mixed: Any) -> None:
    for template in resources(mixed, "aws_launch_template"):
        options = template["metadata_options"]
        assert (options["http_tokens"], options["http_put_response_hop_limit"]) == ("required", 1)
        assert [disk["ebs"]["encrypted"] for disk in template["block_device_mappings"]] == ["true"]


def test_the_machine_image_follows_system_and_architecture(mixed: Any) -> None:
    images = {body["node_group_name"]: body["ami_type"] for body in resources(mixed, "aws_eks_node_group")}
    assert images == {"general": "AL2023_ARM_64_STANDARD", "edge": "BOTTLEROCKET_x86_64"}


def test_the_data_disk_of_bottlerocket_is_its_second(mixed: Any) -> None:
    templates = mixed["resource"]["aws_launch_template"]
    (edge,) = [body for key, body in templates.items() if key.startswith("nodes_edge")]
    assert edge["block_device_mappings"][0]["device_name"] == "/dev/xvdb"


def test_at_most_a_third_of_the_nodes_is_replaced_at_once(default: Any) -> None:
    assert only_resource(default, "aws_eks_node_group")["update_config"] == {"max_unavailable_percentage": 33}


def test_terraform_leaves_the_number_of_nodes_to_the_autoscaler(default: Any) -> None:
    group = only_resource(default, "aws_eks_node_group")
    assert group["lifecycle"]["ignore_changes"] == ["scaling_config[0].desired_size"]


def test_a_node_s_role_may_only_join_the_cluster_and_pull_images(default: Any) -> None:
    attached = default["resource"]["aws_iam_role_policy_attachment"]
    policies = {body["policy_arn"].rsplit("/", 1)[1] for key, body in attached.items() if key.startswith("node_role")}
    assert policies == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_node_groups_have_taints_a_release_and_repair() -> None:
    taints = [{"key": "gpu", "effect": "no_execute"}, {"key": "team", "value": "data"}]
    document = cluster(node_groups={"gpu": {"taints": taints, "release": "1.35.2-20261105", "repair": False}})
    group = only_resource(document, "aws_eks_node_group")
    assert group["taint"] == [
        {"key": "gpu", "effect": "NO_EXECUTE"},
        {"key": "team", "value": "data", "effect": "NO_SCHEDULE"},
    ]
    assert (group["release_version"], group["node_repair_config"]) == ("1.35.2-20261105", {"enabled": False})


def test_unhealthy_nodes_are_replaced_unless_a_value_says_otherwise(default: Any) -> None:
    assert only_resource(default, "aws_eks_node_group")["node_repair_config"] == {"enabled": True}


def test_a_release_for_another_kubernetes_raises() -> None:
    with pytest.raises(IllegalComposition, match=r"1\.34\.1-20261105 is not for Kubernetes 1\.35"):
        check(node_groups={"general": {"release": "1.34.1-20261105"}})


def test_nodes_take_addresses_in_blocks_unless_a_value_says_otherwise(default: Any) -> None:
    assert settings_of(default, "vpc-cni")["env"]["ENABLE_PREFIX_DELEGATION"] == "true"
    assert "ENABLE_PREFIX_DELEGATION" not in settings_of(cluster(prefix_delegation=False), "vpc-cni")["env"]


# ── Auto Mode ──────────────────────────────────────────────────────────────────────────────────────
def test_auto_mode_switches_on_all_three_of_its_parts_with_their_roles() -> None:
    document = cluster(nodes="auto_mode")
    body = only_resource(document, "aws_eks_cluster")
    assert body["compute_config"]["enabled"]
    assert body["compute_config"]["node_pools"] == ["general-purpose", "system"]
    assert body["storage_config"] == {"block_storage": {"enabled": True}}
    assert body["kubernetes_network_config"]["elastic_load_balancing"] == {"enabled": True}
    attached = {each["policy_arn"].rsplit("/", 1)[1] for each in resources(document, "aws_iam_role_policy_attachment")}
    assert {"AmazonEKSComputePolicy", "AmazonEKSNetworkingPolicy", "AmazonEKSWorkerNodeMinimalPolicy"} <= attached
    trusts = [each["assume_role_policy"] for each in resources(document, "aws_iam_role") if "eks" in str(each)]
    assert any("sts:TagSession" in trust for trust in trusts)


def test_auto_mode_makes_no_groups_and_no_add_on_that_it_contains() -> None:
    document = cluster(nodes="auto_mode")
    assert "aws_eks_node_group" not in document["resource"]
    assert [addon["addon_name"] for addon in resources(document, "aws_eks_addon")] == ["metrics-server"]
    assert all("private" in each for each in only_resource(document, "aws_eks_cluster")["vpc_config"]["subnet_ids"])


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"node_groups": {"general": {}}}, "cluster.node_groups"),
        ({"addons": {"vpc-cni": "v1.22.4-eksbuild.3"}}, "cluster.addons"),
    ],
)
def test_auto_mode_beside_what_it_replaces_raises(values: dict[str, Any], key: str) -> None:
    with pytest.raises(IllegalComposition) as raised:
        check(nodes="auto_mode", **values)
    assert raised.value.key == key


def test_only_https_leaves_the_vpc_and_nothing_enters_from_outside(default: Any) -> None:
    to_world = [
        rule
        for rule in resources(default, "aws_vpc_security_group_egress_rule")
        if rule.get("cidr_ipv4") == "0.0.0.0/0"
    ]
    assert [(rule["from_port"], rule["to_port"]) for rule in to_world] == [(443, 443)]
    sources = {rule.get("cidr_ipv4") for rule in resources(default, "aws_vpc_security_group_ingress_rule")}
    assert sources == {None, "10.0.0.0/16"}


def test_pods_on_fargate_and_on_nodes_reach_each_other(mixed: Any, default: Any) -> None:
    def fargate(document: Any) -> list[str]:
        return [k for k in document["resource"]["aws_vpc_security_group_ingress_rule"] if "fargate" in k]

    assert len(fargate(mixed)) == 2
    assert fargate(default) == []


@pytest.mark.row("4.19")
def test_fargate_runs_the_pods_of_its_namespace_and_labels(mixed: Any) -> None:
    assert only_resource(mixed, "aws_eks_fargate_profile")["selector"] == [
        {"namespace": "batch", "labels": {"runs": "once"}}
    ]


def test_a_cluster_without_nodes_and_fargate_profiles_raises() -> None:
    with pytest.raises(IllegalComposition, match="no pod could run"):
        check(node_groups={})


# ── add-ons ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.row("4.20")
def test_add_ons_are_pinned_exactly(default: Any) -> None:
    versions = [addon["addon_version"] for addon in resources(default, "aws_eks_addon")]
    assert len(versions) == 6
    assert all("-eksbuild." in version for version in versions)


def test_network_add_ons_come_before_the_nodes_and_coredns_after(default: Any) -> None:
    nodes = only_resource(default, "aws_eks_node_group")
    needed = " ".join(nodes["depends_on"])
    assert all(name in needed for name in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"))
    addons = {body["addon_name"]: body for body in resources(default, "aws_eks_addon")}
    for name in ("coredns", "aws-ebs-csi-driver", "metrics-server"):
        assert any(each.startswith("aws_eks_node_group.") for each in addons[name]["depends_on"])


def test_network_policies_are_enforced(default: Any) -> None:
    assert settings_of(default, "vpc-cni")["enableNetworkPolicy"] == "true"


def settings_of(document: Any, name: str) -> Any:
    """The settings of an add-on."""
    (addon,) = [body for body in resources(document, "aws_eks_addon") if body["addon_name"] == name]
    return json.loads(addon["configuration_values"])


def test_the_ebs_driver_makes_a_default_storage_class(default: Any) -> None:
    """EKS has none since 2024; the add-on makes one of gp3 (github.com/aws/containers-roadmap, issue 81)."""
    assert settings_of(default, "aws-ebs-csi-driver") == {"defaultStorageClass": {"enabled": True}}


def test_machines_disks_and_interfaces_of_nodes_carry_every_tag(default: Any) -> None:
    """The provider's default tags do not reach what EC2 makes from a launch template (resource aws_launch_template)."""
    every = default["provider"]["aws"][0]["default_tags"][0]["tags"]
    assert {"team", "environment", "stack"} <= set(every)
    template = only_resource(default, "aws_launch_template")
    tagged = {each["resource_type"]: each["tags"] for each in template["tag_specifications"]}
    assert set(tagged) == {"instance", "volume", "network-interface"}
    assert all(every.items() <= tags.items() for tags in tagged.values())
    added = settings_of(default, "vpc-cni")["env"]["ADDITIONAL_ENI_TAGS"]
    assert json.loads(added) == every, "interfaces that the CNI adds later"


def test_networking_and_storage_have_their_own_roles_for_this_cluster(default: Any) -> None:
    accounts = {body["service_account"] for body in resources(default, "aws_eks_pod_identity_association")}
    assert accounts == {"aws-node", "ebs-csi-controller-sa"}
    roles = {key: body for key, body in default["resource"]["aws_iam_role"].items() if "identity" in key}
    assert len(roles) == 2
    for role in roles.values():
        trust = statements(role["assume_role_policy"])["ServiceAssumes"]
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":cluster/acme-dev-cluster")


def test_storage_has_the_policy_that_is_limited_to_the_drivers_volumes(default: Any) -> None:
    """AWS managed policy reference: AmazonEBSCSIDriverPolicyV2 has no service-role/ in its ARN."""
    attached = [body["policy_arn"] for body in resources(default, "aws_iam_role_policy_attachment")]
    assert [arn for arn in attached if "EBS" in arn] == ["arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"]


def test_coredns_runs_on_fargate_where_there_are_no_nodes() -> None:
    document = cluster(**FARGATE_ONLY)
    addon = only_resource(document, "aws_eks_addon")
    assert json.loads(addon["configuration_values"]) == {"computeType": "Fargate"}
    assert any(each.startswith("aws_eks_fargate_profile.") for each in addon["depends_on"])


def test_fargate_only_without_a_profile_for_coredns_raises() -> None:
    with pytest.raises(IllegalComposition, match="which no profile covers"):
        check(**{**FARGATE_ONLY, "fargate_profiles": {"shop": {"namespace": "shop"}}})


@pytest.mark.parametrize("addon", sorted(cluster_rules.NEED_NODES))
def test_add_ons_that_need_nodes_raise_without_nodes(addon: str) -> None:
    with pytest.raises(IllegalComposition, match=NOWHERE_NEAR_NODES) as raised:
        check(**{**FARGATE_ONLY, "addons": {"coredns": "v1", addon: "v1.35.3-eksbuild.29"}})
    assert addon in raised.value.why


def test_a_kube_proxy_for_another_kubernetes_version_raises() -> None:
    with pytest.raises(IllegalComposition, match=r"is not for Kubernetes 1\.36"):
        check(version="1.36")
