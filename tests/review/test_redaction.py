"""Secrets are hidden wherever they occur in a review, and everything else stays readable."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.review import files, make, plans
from groundwork.review.files import Format
from groundwork.review.model import REDACTED
from groundwork.review.provider_facts import facts
from groundwork.review.secret_words import names_secret
from tests.review.trees import STACK, changed, resources, review, tree

CANARY = "canary-Vz8Qw3kTn5xR"
PEM = "-----BEGIN RSA PRIVATE" + f" KEY-----\n{CANARY}\n-----END RSA PRIVATE" + " KEY-----\n"
ACCESS_KEY = "AK" + "IA" + "CANARY0CANARY012"
TOKEN = "gh" + "p_" + "canary0Canary1Canary2Canary3"


def lambda_(**variables: str) -> dict[str, Any]:
    return resources(aws_lambda_function={"f": {"environment": {"variables": variables}}})


def named(type_: str, **body: Any) -> dict[str, Any]:
    return resources(**{type_: {"x": body}})


# Place of a secret → Terraform that holds a secret there.
PLACES: dict[str, Callable[[str], Any]] = {
    "secret string": lambda s: named("aws_secretsmanager_secret_version", secret_string=s),
    "JSON as a secret": lambda s: named("aws_secretsmanager_secret_version", secret_string=json.dumps({"user": s})),
    "database password": lambda s: named("aws_db_instance", password=s),
    "parameter": lambda s: named("aws_ssm_parameter", name="/a", type="SecureString", value=s),
    "variable of a function": lambda s: lambda_(DB_PASSWORD=s),
    "token of a function": lambda s: lambda_(githubToken=s),
    "URL with a password": lambda s: lambda_(TARGET=f"postgres://app:{s}@db.internal:5432/app"),
    "JSON in a variable": lambda s: lambda_(CONFIG=json.dumps({"a": {"api_key": s}})),
    "JSON in JSON": lambda s: lambda_(CONFIG=json.dumps({"inner": json.dumps({"client_secret": s})})),
    "shell in user data": lambda s: named("aws_instance", user_data=f"#!/bin/sh\nexport DB_PASSWORD='{s}'\nrun\n"),
    "option in user data": lambda s: named("aws_instance", user_data=f"#!/bin/sh\nrun --password {s} --verbose\n"),
    "base64 in user data": lambda s: named(
        "aws_launch_template", user_data=base64.b64encode(f"#cloud-config\ntoken: {s}\n".encode()).decode()
    ),
    "private key": lambda s: named("x_certificate", body=PEM),
    "access key": lambda s: named("x_y", note=f"use {ACCESS_KEY}"),
    "token by its look": lambda s: named("x_y", note=f"use {TOKEN} here"),
    "Helm set_sensitive": lambda s: named("helm_release", set_sensitive=[{"name": "a.b", "value": s}]),
    "Helm set of a password": lambda s: named("helm_release", set=[{"name": "db.password", "value": s}]),
    "Helm values": lambda s: named("helm_release", values=[json.dumps({"db": {"password": s}})]),
    "Helm YAML": lambda s: named("helm_release", values=[f"db:\n  password: {s}\n"]),
    "pair in Helm YAML": lambda s: named("helm_release", values=[f"env:\n  - name: SOME_API_KEY\n    value: {s}\n"]),
    "pair in Helm YAML, value first": lambda s: named(
        "helm_release", values=[f"env:\n- value: '{s}'\n  optional: true\n  name: SOME_API_KEY\n"]
    ),
    "block in Helm YAML": lambda s: named("helm_release", values=[f"a:\n- name: DB_PASSWORD\n  value: |-\n    {s}\n"]),
    "list in Helm YAML": lambda s: named("helm_release", values=[f"a:\n- key: passwords\n  value:\n  - {s}\n"]),
    "Helm repository": lambda s: named("helm_release", repository_password=s),
    "container environment": lambda s: named(
        "aws_ecs_task_definition",
        container_definitions=json.dumps([{"environment": [{"name": "API_TOKEN", "value": s}]}]),
    ),
    "policy": lambda s: named(
        "aws_sqs_queue_policy", policy=json.dumps({"Statement": [{"Resource": f"password={s}"}]})
    ),
    "provider token": lambda s: {"provider": {"aws": [{"token": s, "access_key": s, "secret_key": s}]}},
    "Kubernetes provider": lambda s: {"provider": {"helm": [{"kubernetes": {"token": s, "client_key": s}}]}},
    "backend": lambda s: {"terraform": {"backend": {"s3": {"secret_key": s}}}},
    "variable": lambda s: {"variable": {"x": {"default": s, "sensitive": True}}},
    "variable by its name": lambda s: {"variable": {"db_password": {"default": s}}},
    "output": lambda s: {"output": {"x": {"value": f"a {s}", "sensitive": True}}},
    "local": lambda s: {"locals": {"admin_password": s}},
    "sensitive()": lambda s: named("x_y", a='${sensitive("' + s + '")}'),
    "connection": lambda s: {"resource": {"x_y": {"z": {"connection": {"host": "h", "password": s}}}}},
    "output that repeats a secret": lambda s: {
        **lambda_(DB_PASSWORD=s), "output": {"dsn": {"value": f"db of {s}!"}},
    },
    "list of secrets": lambda s: named("aws_elasticache_user", passwords=[s]),
    "numbers and all": lambda s: named("x_y", secrets={"a": {"b": [s]}}),
}  # fmt: skip


def everything(folder: Path, base: Any, head: Any, *, plan: str = "") -> str:
    """Everything that a review writes, in every format."""
    before, after = tree(folder / "base", {STACK: base}), tree(folder / "head", {STACK: head})
    stored = folder / "plans.json"
    stored.write_text(json.dumps([{"stack": STACK, "status": "change", "text": plan, "why": plan}]))
    report, old, new = make.make(
        before, after, names=("b" * 40, "a" * 40), plans=lambda redactor: plans.read(stored, redactor)
    )
    written = [text for kind in Format for text in files.texts(report, old, new, kind).values()]
    return "\n".join([*written, repr(report)])


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_in_no_file_of_a_review(place: str, tmp_path: Path) -> None:
    terraform = PLACES[place]
    canary, removed = terraform(CANARY), terraform(CANARY.swapcase())
    for number, (base, head) in enumerate([(canary, {}), (removed, canary)]):
        output = everything(tmp_path / str(number), base, head, plan=f"  + a = 1\n{PEM}")
        for secret in (CANARY, CANARY.swapcase(), ACCESS_KEY, TOKEN, base64.b64encode(CANARY.encode()).decode()):
            assert secret not in output


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"private key", "access key", "token by its look"}))
def test_a_changed_secret_is_a_change(place: str, tmp_path: Path) -> None:
    base, head = PLACES[place](CANARY), PLACES[place](CANARY.swapcase())
    before, after = tree(tmp_path / "base", {STACK: base}), tree(tmp_path / "head", {STACK: head})
    assert make.make(before, after, names=("b", "a"))[0].changed
    assert not make.make(before, before, names=("b", "b"))[0].changed


def test_a_hidden_value_is_marked() -> None:
    base, head = PLACES["database password"]("one-secret"), PLACES["database password"]("another-one")
    assert changed(base, head) == {"password": (REDACTED, REDACTED)}


def test_the_text_around_a_secret_stays_readable() -> None:
    script = "#!/bin/sh\nexport DB_PASSWORD={}\necho ready\n"
    base, head = (named("aws_instance", user_data=script.format(secret)) for secret in ("aaaa-1111", "bbbb-2222"))
    ((before, after),) = changed(base, head).values()
    assert before == after == script.format(REDACTED)


@pytest.mark.parametrize(
    "body",
    [
        {"http_tokens": "required"},
        {"kms_key_id": "arn:aws:kms:eu-west-2:111122223333:key/a"},
        {"secret_arn": "arn:aws:secretsmanager:eu-west-2:111122223333:secret:a"},
        {"secret_name": "db"},
        {"password": "${aws_secretsmanager_secret_version.x.secret_string}"},
        {"minimum_password_length": 14},
        {"resources": ["secrets"]},
        {"source_code_hash": "O+Oko9P12knBJqY7J4Krx350jGZ+2snXwrG9rJP8GPk="},
        {"filename": "assets/package/C8539F4DEC50A57389EF73146FB45154/populate.zip"},
        {"manage_master_user_password": True},
        {"shared_credentials_files": ["../profile/credentials"]},
        {"role_arn": "${aws_iam_role.populate_identity_role_D2C5E08C.arn}"},
        {
            "policy": json.dumps(
                {"Statement": [{"Condition": {"StringEquals": {"token.actions.x.com:sub": "repo:o/r"}}}]}
            )
        },
    ],
)
def test_values_that_only_refer_to_secrets_are_shown(body: Any) -> None:
    assert REDACTED not in review({}, named("x_y", **body)).model_dump_json()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True), ("dbPassword", True), ("client-secret", True), ("privateKey", True), ("API_KEY", True),
        ("SECRET_KEY_BASE", True), ("password_2", True), ("secret_id", False), ("password_policy", False),
        ("tokenTtl", False), ("existingSecret", False), ("keyboard", False), ("secretarial", False), ("", False),
    ],
)  # fmt: skip
def test_names_of_secrets_are_recognised(name: str, secret: bool) -> None:
    assert names_secret(name) is secret


def _planted(path: str, secret: str) -> Any:
    value: Any = secret
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


SENSITIVE = sorted((type_, path) for type_, paths in facts().sensitive.items() for path in paths)
FILLER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    where=st.sampled_from(SENSITIVE),
    around=st.dictionaries(st.from_regex(r"[a-z_]{1,10}", fullmatch=True), FILLER, max_size=3),
    repeated=st.booleans(),
    tail=st.text("abcXYZ0123456789!#%&/()=+-_'\"\\ \n{}$", min_size=8, max_size=24).filter(lambda s: not s.isspace()),
)
def test_an_attribute_that_the_provider_marks_sensitive_is_hidden(
    where: tuple[str, str], around: dict[str, Any], repeated: bool, tail: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    type_, path = where
    secret = f"canary{tail}yranac"
    body = {**around, **_planted(path, secret)}
    if repeated:
        body["description_of_it"] = f"see {secret} there"
    if type_.startswith("provider."):
        terraform: Any = {"provider": {type_.partition(".")[2]: [body]}}
    else:
        terraform = resources(**{type_.replace("data.", "data_"): {"x": body}})
    output = everything(tmp_path_factory.mktemp("planted"), {}, terraform, plan=f'+ x = "{secret}"')
    for form in (secret, json.dumps(secret)[1:-1]):
        assert form not in output
    assert "yranac" not in output
