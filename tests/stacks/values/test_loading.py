"""Environment files are validated, and every mistake is reported with its line and a fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from groundwork.errors import EnvironmentFileError
from stacks.values import load, load_all, schema
from stacks.values.placeholders import refuse_placeholders
from stacks.values.template import Answers, fill

COMMITTED = Path(__file__).parents[3] / "environments"
GOOD = """\
organisation: acme
region: eu-west-2
accounts:
  main: {id: "123456789012"}
  archive: {id: "210987654321"}
delivery: {runner_label: vpc}
"""


def refusal(tmp_path: Path, text: str, name: str = "dev.yaml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load(path)
    return str(caught.value)


@pytest.mark.row("3.10")
def test_the_committed_environments_load() -> None:
    assert [environment.name for environment in load_all(COMMITTED)] == ["dev", "local", "prod", "staging"]


def test_an_environment_is_named_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "blue.yaml").write_text(GOOD, encoding="utf-8")
    assert load(tmp_path / "blue.yaml").name == "blue"
    assert "dev.yaml:7: name: is the file's name" in refusal(tmp_path, GOOD + "name: other\n")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("netwrok: {zones: 2}", "dev.yaml:7: netwrok: unknown key\n    fix: did you mean 'network'?"),
        (
            "network: {nat: signle}",
            "dev.yaml:7: network.nat: is not one of the choices (got 'signle')\n"
            "    fix: use one of 'none', 'single' or 'per_zone'",
        ),
        (
            "network: {cidr: 10.0.0.1/16}",
            "network.cidr: 10.0.0.1/16 has host bits set (got '10.0.0.1/16')\n    fix: write the network address",
        ),
        (
            "cluster: {version: 1.33}",
            "cluster.version: must be text, but YAML reads it as a number (got 1.33)\n"
            '    fix: put it in quotes: version: "1.33"',
        ),
        (
            "cluster: {node_groups: {a: {mni: 1}}}",
            "cluster.node_groups.a.mni: unknown key (got 1)\n    fix: did you mean 'min'?",
        ),
        ("workloads: {web: {namespace: web, image: x}}", "workloads.web.tag: is required, but missing"),
        ("cluster: {public_endpoint_cidrs: [0.0.0.0/0]}", "0.0.0.0/0 opens the API server to the world"),
        (
            "cluster: {public_endpoint_cidrs: [52.94.76.0/22, 192.0.2.0/24]}",
            "cluster.public_endpoint_cidrs.1: 192.0.2.0/24 includes addresses of 192.0.2.0/24, which nobody has",
        ),
    ],
)
def test_a_mistake_is_reported_with_file_line_key_value_and_fix(tmp_path: Path, line: str, sentence: str) -> None:
    assert sentence in refusal(tmp_path, GOOD + line + "\n")


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("eu-wst-2", "region: eu-wst-2 is not a region of AWS (got 'eu-wst-2')\n    fix: did you mean eu-west-2?"),
        ("us-iso-east-1", "is not a region of AWS"),
    ],
)
def test_a_region_that_aws_does_not_have_is_refused(tmp_path: Path, region: str, sentence: str) -> None:
    """botocore's data/partitions.json lists the regions."""
    assert sentence in refusal(tmp_path, GOOD.replace("eu-west-2", region))
    assert "state.replica_region: " in refusal(tmp_path, GOOD + "state: {replica_region: eu-wst-1}\n")


@pytest.mark.parametrize("region", ["eu-west-2", "us-gov-west-1", "cn-north-1", "ap-southeast-7"])
def test_regions_of_every_supported_partition_are_accepted(tmp_path: Path, region: str) -> None:
    path = tmp_path / "dev.yaml"
    path.write_text(GOOD.replace("eu-west-2", region), encoding="utf-8")
    assert load(path).region == region


def test_an_environment_s_name_cannot_begin_another_s_in_one_account(tmp_path: Path) -> None:
    singleton = "owns_singletons: false, "
    (tmp_path / "dev.yaml").write_text(GOOD, encoding="utf-8")
    other = GOOD.replace("main: {id", f"main: {{{singleton}id").replace("210987654321", "210987654322")
    (tmp_path / "dev-eu.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(EnvironmentFileError, match=r"what may change acme-dev-\* may change acme-dev-eu, too"):
        load_all(tmp_path)
    (tmp_path / "dev-eu.yaml").rename(tmp_path / "deveu.yaml")
    assert len(load_all(tmp_path)) == 2
    (tmp_path / "deveu.yaml").unlink()
    elsewhere = GOOD.replace("123456789012", "123456789013").replace("210987654321", "210987654323")
    (tmp_path / "dev-eu.yaml").write_text(elsewhere, encoding="utf-8")
    assert len(load_all(tmp_path)) == 2, "another account"


@pytest.mark.parametrize(
    "cidr",
    ["10.0.0.0/8", "100.64.0.0/16", "198.51.100.7/32", "203.0.113.0/24", "198.18.0.0/15", "224.0.0.0/8", "240.0.0.0/4",
     "192.0.0.0/8", "128.0.0.0/1"],
)  # fmt: skip
def test_ranges_with_reserved_addresses_cannot_reach_the_cluster(tmp_path: Path, cidr: str) -> None:
    """EKS user guide, "Cluster API server endpoint": a block cannot include reserved addresses."""
    assert f"{cidr} includes addresses of " in refusal(tmp_path, GOOD + f"cluster: {{public_endpoint_cidrs: [{cidr}]}}")


@pytest.mark.parametrize("cidrs", ["0.0.0.0/0", "0.0.0.0/1, 128.0.0.0/1", "0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/1"])
def test_ranges_that_are_every_address_limit_nothing(tmp_path: Path, cidrs: str) -> None:
    refused = refusal(tmp_path, GOOD + f"api: {{kind: rest, allowed_cidrs: [{cidrs}]}}")
    assert "every address, which limits nothing" in refused
    assert "api.allowed_cidrs" in refused


def test_runners_in_the_vpc_have_to_be_made_or_named(tmp_path: Path) -> None:
    bare = GOOD.replace("delivery: {runner_label: vpc}\n", "")
    connection = "arn:aws:codeconnections:eu-west-2:123456789012:connection/1"
    assert "no runners are in the VPC" in refusal(tmp_path, bare + "runner: vpc\n")
    assert "no runners are in the VPC" in refusal(tmp_path, bare), "vpc is the default"
    path = tmp_path / "dev.yaml"
    made = f"delivery: {{runners: {{connection_arn: {connection}, group: 7}}}}\n"
    for choice in ("delivery: {runner_label: my-runners}\n", made, "runner: hosted\n"):
        path.write_text(bare + choice, encoding="utf-8")
        load(path)
    both = made.replace("}}\n", "}, runner_label: mine}\n")
    assert "keep one of them" in refusal(tmp_path, bare + both)


@pytest.mark.parametrize(
    ("line", "kind", "written"),
    [
        ("workloads: {web: {tag: 1e10}}", "a number", "1e10"),
        ("workloads: {web: {tag: 1.10}}", "a number", "1.10"),
        ("workloads: {web: {environment: {ID: 011111111111}}}", "a number", "011111111111"),
        ("workloads: {web: {environment: {MASK: 0x1F}}}", "a number", "0x1F"),
        ("workloads: {web: {environment: {SIZE: 1_000}}}", "a number", "1_000"),
        ("workloads: {web: {environment: {DEBUG: true}}}", "a truth value", "true"),
        ("workloads: {web: {environment: {FROM: 2024-01-01}}}", "a date", "2024-01-01"),
    ],
)
def test_the_fix_quotes_what_stands_in_the_file(tmp_path: Path, line: str, kind: str, written: str) -> None:
    key = line.rpartition(": ")[0].rpartition("{")[2]
    shown = refusal(tmp_path, f"{GOOD}{line}\n")
    assert f'reads it as {kind} (got {written})\n    fix: put it in quotes: {key}: "{written}"' in shown


def test_all_mistakes_of_a_file_are_reported_in_the_order_of_its_lines(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD + "region2: x\nnetwork:\n  zones: 9\n  nat: no\n")
    lines = [line.split(": ")[0] for line in message.splitlines() if line.startswith("dev.yaml:")]
    assert lines == ["dev.yaml:7", "dev.yaml:9", "dev.yaml:10"]


def test_all_files_are_read_before_the_first_mistake_is_reported(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(GOOD + "a: 1\n", encoding="utf-8")
    (tmp_path / "two.yaml").write_text(GOOD + "b: 1\n", encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load_all(tmp_path)
    assert "one.yaml:7" in str(caught.value)
    assert "two.yaml:7" in str(caught.value)


def test_a_duplicate_key_is_refused(tmp_path: Path) -> None:
    assert 'found duplicate key "region"' in refusal(tmp_path, GOOD + "region: eu-west-1\n")


def test_a_syntax_error_is_reported_with_its_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD + "network: [1\n").startswith("dev.yaml:8: file: is not YAML")


def test_for_an_unknown_environment_the_error_lists_the_known_ones() -> None:
    with pytest.raises(EnvironmentFileError, match="known: dev, local, prod, staging"):
        load(COMMITTED / "produ.yaml")


def test_the_laptops_account_number_is_only_for_the_laptop(tmp_path: Path) -> None:
    assert "belongs to target: laptop" in refusal(tmp_path, GOOD.replace("123456789012", "000000000000"))
    assert "belongs to target: laptop" in refusal(tmp_path, GOOD + "target: laptop\n")


def test_values_are_frozen() -> None:
    environment = load(COMMITTED / "dev.yaml")
    with pytest.raises(ValueError, match="frozen"):
        environment.region = "eu-west-1"  # type: ignore[misc]


def test_the_committed_schema_is_current() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.text(), "run `gw schema --write`"


@pytest.mark.parametrize("name", ["local", "dev", "staging", "prod"])
def test_the_committed_files_fit_the_schema_and_refer_to_it(name: str) -> None:
    path = COMMITTED / f"{name}.yaml"
    document = YAML(typ="safe").load(path)
    Draft202012Validator(YAML(typ="safe").load(schema.text())).validate(document)
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=")


def test_prod_and_dev_have_the_same_shape() -> None:
    dev, prod = load(COMMITTED / "dev.yaml"), load(COMMITTED / "prod.yaml")
    assert set(dev.workloads) == set(prod.workloads)
    assert dev.api.kind == prod.api.kind


def test_placeholder_account_numbers_are_refused_on_aws() -> None:
    with pytest.raises(EnvironmentFileError, match=r"dev.yaml: accounts.main.id: 111111111111 is a placeholder"):
        refuse_placeholders(load(COMMITTED / "dev.yaml"))
    refuse_placeholders(load(COMMITTED / "local.yaml"))


def copied_environments(tmp_path: Path) -> Path:
    for path in COMMITTED.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


ANSWERS = Answers(
    organisation="initech",
    region="eu-central-1",
    accounts={"dev": "123456789012", "staging": "123456789013", "prod": "123456789014"},
    archives=dict.fromkeys(("dev", "staging", "prod"), "210987654321"),
    repository="initech/platform",
    domain="initech.example",
)


def test_init_fills_every_file_and_keeps_its_comments(tmp_path: Path) -> None:
    folder = copied_environments(tmp_path)
    fill(folder, ANSWERS)
    for environment in load_all(folder):
        assert environment.organisation == "initech"
        refuse_placeholders(environment)
    prod = load(folder / "prod.yaml")
    assert prod.accounts.main.id == "123456789014"
    assert prod.cluster.access == {}, "nobody, unless the answer names a role"
    assert (prod.api.domain.name, prod.api.domain.zone) == ("api.prod.initech.example", "prod.initech.example")
    assert "# no AWS account has this number" in (folder / "local.yaml").read_text(encoding="utf-8")
    assert fill(folder, ANSWERS) == [], "a second run changes nothing"


def test_init_gives_access_to_the_role_that_is_named(tmp_path: Path) -> None:
    folder = copied_environments(tmp_path)
    fill(folder, Answers(**{**vars(ANSWERS), "cluster_role": "operators"}))
    entry = load(folder / "prod.yaml").cluster.access["people"]
    assert (entry.principal_arn, entry.policy) == ("arn:aws:iam::123456789014:role/operators", "cluster_admin")
    assert load(folder / "local.yaml").cluster.access == {}


def test_init_can_set_the_region_of_one_environment(tmp_path: Path) -> None:
    folder = copied_environments(tmp_path)
    fill(folder, Answers(**{**vars(ANSWERS), "regions": {"prod": "us-east-1"}}))
    assert {environment.name: environment.region for environment in load_all(folder)} == {
        **dict.fromkeys(("dev", "local", "staging"), "eu-central-1"),
        "prod": "us-east-1",
    }


def test_a_wrong_answer_to_init_changes_no_file(tmp_path: Path) -> None:
    folder = copied_environments(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    wrong = Answers(**{**vars(ANSWERS), "accounts": {**ANSWERS.accounts, "staging": "12"}})
    with pytest.raises(EnvironmentFileError, match=r"staging\.yaml"):
        fill(folder, wrong)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_two_environments_that_make_the_same_zone_are_refused(tmp_path: Path) -> None:
    domain = "api: {domain: {name: %s.acme.example, zone: acme.example%s}}\n"
    other = GOOD.replace("123456789012", "123456789013")
    (tmp_path / "blue.yaml").write_text(GOOD + domain % ("blue", ""), encoding="utf-8")
    (tmp_path / "green.yaml").write_text(other + domain % ("green", ""), encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load_all(tmp_path)
    assert "blue.yaml, green.yaml: api.domain.zone: each would make a zone acme.example of its own" in str(caught.value)
    assert "write its id as `zone_id:` in green.yaml" in str(caught.value)
    (tmp_path / "green.yaml").write_text(other + domain % ("green", ", zone_id: Z0123456789"), encoding="utf-8")
    assert len(load_all(tmp_path)) == 2


@pytest.mark.parametrize(
    ("added", "line", "key", "syntax"),
    [
        ('tags:\n  team: "${team}"\n', 8, "tags.team", "${"),
        ('workloads:\n  hello:\n    environment: {PCT: "100%{x}"}\n', 9, "workloads.hello.environment.PCT", "%{"),
        ('tags:\n  "${file(1)}": a\n', 8, "tags.a key", "${"),
        ("reviewers:\n  users: [ann, '${x}']\n", 8, "reviewers.users.1", "${"),
    ],
)
def test_what_terraform_would_evaluate_is_refused(added: str, line: int, key: str, syntax: str, tmp_path: Path) -> None:
    """In JSON as in HCL: https://developer.hashicorp.com/terraform/language/syntax/json, "Expression Mapping"."""
    message = refusal(tmp_path, GOOD + added)
    assert message.startswith(f"dev.yaml:{line}: {key}: contains {syntax}, which Terraform would evaluate")


def test_a_file_beyond_the_bounds_is_refused_by_name(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: " + "x" * 200_000).startswith("dev.yaml:1: file: is larger than 32 KiB")
