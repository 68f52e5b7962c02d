"""The accounts of three environments in one embedded AWS: state, plan store, and the roles of the delivery stack."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from groundwork.state import aws_session
from localcloud.aws.web_identity import GITHUB
from localcloud.cloud import LocalCloud
from stacks.values import Names, load_all
from tests.support.aws import empty_bucket, policy, versioned_bucket

ACCOUNTS = {"dev": "210987654321", "staging": "321098765432", "prod": "432109876543"}
_REGION = "eu-west-2"
_ACCOUNT = re.compile(r'id: "(\d{12})"')


@dataclass
class Cloud:
    """`endpoint` is the embedded AWS; the accounts are those of `ACCOUNTS`."""

    checkout: Path
    synthesised: Path
    local: LocalCloud
    endpoint: str
    folder: Path
    _sessions: dict[str, boto3.Session] = field(default_factory=dict)

    def environment_file(self, name: str) -> str:
        """The committed values with an account that is not a placeholder."""
        text = (self.checkout / "environments" / f"{name}.yaml").read_text(encoding="utf-8")
        main, archive = _ACCOUNT.findall(text)
        return text.replace(main, ACCOUNTS[name]).replace(archive, f"{int(ACCOUNTS[name]) + 1}")

    @property
    def names(self) -> dict[str, Names]:
        return {environment.name: Names(environment) for environment in load_all(self.folder)}

    def client(self, environment: str, service: str) -> Any:
        """A client in the account of an environment, as an administrator."""
        if environment not in self._sessions:
            sts = boto3.client(
                "sts",
                endpoint_url=self.endpoint,
                region_name=_REGION,
                aws_access_key_id=self.local.keys.access_key,
                aws_secret_access_key=self.local.keys.secret,
            )
            role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/administrator"
            keys = sts.assume_role(RoleArn=role, RoleSessionName="test", DurationSeconds=43200)["Credentials"]
            self._sessions[environment] = aws_session.with_keys(
                keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region=_REGION
            )
        return self._sessions[environment].client(service, endpoint_url=self.endpoint)

    def trust(self, jwks: Mapping[str, Any]) -> None:
        """Accept tokens that are signed with the fake GitHub's keys."""
        self.local.trust_issuer(GITHUB, jwks)

    def state(self, stack: str) -> dict[str, Any] | None:
        environment, _, name = stack.partition("-")
        names = self.names[environment]
        try:
            stored = self.client(environment, "s3").get_object(Bucket=names.state_bucket, Key=names.state_key(name))
        except ClientError:
            return None
        return dict(json.loads(stored["Body"].read()))

    def audit(self, environment: str) -> list[str]:
        """Kinds of the recorded decisions, oldest first."""
        s3, bucket = self.client(environment, "s3"), self.names[environment].plan_bucket
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="audit/").get("Contents", [])]
        keys = [key for key in keys if not key.startswith("audit/applies/")]
        return [key.split("/")[1] for key in sorted(keys, key=lambda key: key.rsplit("/", 1)[-1])]

    def plans(self, environment: str) -> list[str]:
        """Keys of the stored plans."""
        s3, bucket = self.client(environment, "s3"), self.names[environment].plan_bucket
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return [key for key in keys if not key.startswith("audit/")]

    def reset(self) -> None:
        """Delete all states, plans and decisions."""
        for name, names in self.names.items():
            s3 = self.client(name, "s3")
            for bucket in (names.state_bucket, names.plan_bucket):
                empty_bucket(s3, bucket)

    def build(self) -> None:
        """Make what a pipeline needs of `gw bootstrap`; roles have the synthesised delivery stack's trust policies."""
        for name, names in self.names.items():
            s3, kms, iam = (self.client(name, service) for service in ("s3", "kms", "iam"))
            for bucket in (names.state_bucket, names.plan_bucket):
                versioned_bucket(s3, bucket)
            for alias in (names.state_key_alias, names.deployed_key_alias):
                _key(kms, alias)
            for alias in (names.plan_mac_alias,):
                _key(kms, alias, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
            iam.create_open_id_connect_provider(
                Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
            )
            for role, trust in self._trust(name).items():
                iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
                # These tests are about who may assume a role; tests/stacks/test_delivery.py is about what it may do.
                everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
                iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy(everything))

    def trust_unattended(self, environment: str) -> None:
        """Make the apply role trust the environment without reviewers, as the delivery stack does with the value."""
        iam, role = self.client(environment, "iam"), self.names[environment].delivery_role("apply")
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        condition = trust["Statement"][0]["Condition"]["StringEquals"]
        (key,) = [key for key in condition if key.endswith(":sub")]
        subject = condition[key] if isinstance(condition[key], str) else condition[key][0]
        condition[key] = [subject, f"{subject}-auto"]
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))

    def _trust(self, name: str) -> dict[str, str]:
        file = self.synthesised / "stacks" / f"{name}-delivery" / "cdk.tf.json"
        committed = (self.checkout / "environments" / f"{name}.yaml").read_text(encoding="utf-8")
        main, _ = _ACCOUNT.findall(committed)
        document = json.loads(file.read_text(encoding="utf-8").replace(main, ACCOUNTS[name]))
        return {role["name"]: role["assume_role_policy"] for role in document["resource"]["aws_iam_role"].values()}


def _key(kms: Any, alias: str, **spec: str) -> None:
    kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key(**spec)["KeyMetadata"]["KeyId"])


@contextmanager
def accounts(root: Path, checkout: Path, synthesised: Path) -> Iterator[Cloud]:
    """An embedded AWS with the accounts, which ends with the context."""
    local = LocalCloud(root / ".groundwork", Path(sys.executable))
    endpoint = local.up(0, wait=timedelta(seconds=90)).endpoint
    try:
        cloud = Cloud(checkout, synthesised, local, endpoint, root / "environments")
        cloud.folder.mkdir()
        for name in ACCOUNTS:
            (cloud.folder / f"{name}.yaml").write_text(cloud.environment_file(name))
        cloud.build()
        yield cloud
    finally:
        local.down()
        shutil.rmtree(root / ".groundwork", ignore_errors=True)
