"""The folder in which a person creates a stack on temporary local state, or destroys the state backend."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from groundwork.errors import SynthesisError
from groundwork.files import write_atomically
from groundwork.paths import Project
from groundwork.platform import Environment
from groundwork.state import aws, aws_session
from groundwork.terraform.terraform import ERRORED, Terraform

_OVERRIDE = "local_override.tf.json"
_IMPORTS = "adopted.tf.json"
_ROLE = "role_override.tf.json"

State = dict[str, Any]


@dataclass(frozen=True)
class BootstrapFolder:
    """.groundwork/bootstrap/<environment>, with the stack's name unless it is the state backend: outside cdktf.out,
    which every synth may delete.

    It is as many folders below the checkout as a synthesised stack, so that relative paths in the Terraform hold.
    """

    project: Project
    environment: Environment
    synthesised: Path
    """The folder of synthesised stacks, cdktf.out/stacks."""
    program: Path
    environ: Mapping[str, str]
    on_line: Callable[[str], None]
    stack: str

    @property
    def path(self) -> Path:
        """The folder."""
        return _path(self.project, self.environment, self.stack)

    @property
    def local_file(self) -> Path:
        """The temporary state."""
        return self.path / "temporary.tfstate"

    @property
    def endpoint(self) -> str | None:
        """The embedded AWS, where it does not listen at the address in its profile."""
        return self.environ.get("AWS_ENDPOINT_URL") if self.environment.target == "laptop" else None

    @cached_property
    def document(self) -> dict[str, Any]:
        """The synthesised stack; raises SynthesisError without it."""
        source = self.synthesised / self.stack / "cdk.tf.json"
        if not source.is_file():
            raise SynthesisError(f"{self.stack} is not synthesised", fix="gw synth")
        document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        return document

    @property
    def backend(self) -> dict[str, Any]:
        """The S3 backend that the stack names."""
        backend: dict[str, Any] = self.document["terraform"]["backend"]["s3"]
        return backend

    @cached_property
    def session(self) -> boto3.Session:
        """A session with the backend's credentials, checked to be of the environment's account."""
        session = aws_session.session(self.path, self.backend)
        aws_session.require_account(session, self.environment.account, endpoint=self.endpoint)
        return session

    @property
    def role(self) -> str | None:
        """The role of another account in which a person makes the stack; None where it is in the environment's own."""
        return self.environment.bootstrap_roles.get(self.stack)

    @cached_property
    def provider_session(self) -> boto3.Session:
        """A session with the provider's credentials, which differ from the backend's for another account."""
        if not self.role:
            return self.session
        return aws_session.assume(self.session, self.role, name="bootstrap", endpoint=self.endpoint)

    @property
    def provider_account(self) -> str:
        """The account that the stack is in."""
        return self.role.split(":")[4] if self.role else self.environment.account

    @cached_property
    def s3(self) -> Any:
        """An S3 client."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=aws_session.CONFIG)

    @cached_property
    def terraform(self) -> Terraform:
        """Terraform in the folder."""
        return Terraform(self.path, self.stack, self.program, self.environ, self.on_line)

    def prepare(self) -> None:
        """Copy the synthesised stack and its provider locks; the temporary state stays as it is.

        A newer one that Terraform could not store takes its place. One that a full disk has cut off is put aside:
        Terraform refuses it, and what it listed is found by its names.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        errored, temporary = self.path / ERRORED, _read(self.local_file)
        if (_read(errored) or {}).get("serial", 0) > (temporary or {}).get("serial", 0):
            errored.replace(self.local_file)
        elif temporary is None:
            _put_aside(self.local_file)
        if errored.exists():
            _put_aside(errored)
        source = self.synthesised / self.stack
        write_atomically(self.path / "cdk.tf.json", json.dumps(self.document, indent=2))
        if self.role:
            role = {"provider": {"aws": {"assume_role": [{"role_arn": self.role}]}}}
            write_atomically(self.path / _ROLE, json.dumps(role))
        locks = source / ".terraform.lock.hcl"
        if locks.is_file():
            shutil.copyfile(locks, self.path / locks.name)

    def use_local(self) -> None:
        """Let Terraform keep the state in the temporary file from now on."""
        write_atomically(
            self.path / _OVERRIDE, json.dumps({"terraform": {"backend": {"local": {"path": self.local_file.name}}}})
        )
        self.terraform.init("-reconfigure")

    def use_s3(self) -> None:
        """Let Terraform keep the state in the stack's own backend from now on."""
        (self.path / _OVERRIDE).unlink(missing_ok=True)
        (self.path / _IMPORTS).unlink(missing_ok=True)
        self.terraform.init("-reconfigure")

    def write_imports(self, imports: Iterable[tuple[str, str]]) -> None:
        """Let the next plan import these (address, id) pairs, and no others."""
        blocks = [{"to": address, "id": id_} for address, id_ in imports]
        (self.path / _IMPORTS).unlink(missing_ok=True)
        if blocks:
            write_atomically(self.path / _IMPORTS, json.dumps({"import": blocks}, indent=2))

    def local_state(self) -> State | None:
        """The temporary state; None where it does not exist, is cut off or holds nothing."""
        state = _read(self.local_file) or {}
        return state if state.get("resources") else None

    def write_local(self, text: str) -> None:
        """Replace the temporary state in one step."""
        write_atomically(self.local_file, text, mode=0o600)  # a state may hold secrets

    def remote_state(self) -> State | None:
        """The state in S3; None where bucket or object do not exist, or it holds nothing."""
        try:
            body = self.s3.get_object(Bucket=self.backend["bucket"], Key=self.backend["key"])["Body"].read()
        except ClientError as error:
            if aws.is_absent(error):
                return None
            raise
        state: State = json.loads(body)
        return state if state.get("resources") else None

    def put_remote(self) -> None:
        """Store the temporary state in S3 in one step, unless somebody else has stored a state meanwhile."""
        bucket, key = self.backend["bucket"], self.backend["key"]
        try:
            condition = {"IfMatch": self.s3.head_object(Bucket=bucket, Key=key)["ETag"]}
        except ClientError as error:
            if not aws.is_absent(error):
                raise
            condition = {"IfNoneMatch": "*"}
        self._forget_checksum()
        self.s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=self.local_file.read_bytes(),
            ContentType="application/json",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.backend["kms_key_id"],
            **condition,
        )

    def _forget_checksum(self) -> None:
        # Terraform writes the checksum again with its next change; with an old checksum it would refuse this state.
        if table := self.backend.get("dynamodb_table"):
            dynamodb = self.session.client("dynamodb", endpoint_url=self.endpoint, config=aws_session.CONFIG)
            checksum = f"{self.backend['bucket']}/{self.backend['key']}-md5"
            dynamodb.delete_item(TableName=table, Key={"LockID": {"S": checksum}})

    def remove(self) -> None:
        """Delete the folder, whose state is in S3 or empty."""
        shutil.rmtree(self.path)


def unfinished(project: Project, environment: Environment) -> list[str]:
    """The bootstrap stacks of which a run in this checkout was killed, or failed, before it removed its folder."""
    return [stack for stack in environment.bootstrap_stacks if _path(project, environment, stack).is_dir()]


def _read(path: Path) -> State | None:
    """The state in a file, empty without one; None where a full disk has cut it off."""
    if not path.is_file() or not (content := path.read_bytes()).strip():
        return {}
    try:
        state: State = json.loads(content)
    except ValueError:
        return None
    return state


def _put_aside(path: Path) -> None:
    path.replace(path.with_name(f"{path.name}.aside"))


def _path(project: Project, environment: Environment, stack: str) -> Path:
    is_backend = stack == environment.bootstrap_stacks[0]
    return project.work / "bootstrap" / (environment.name if is_backend else stack)


def ahead(local: State | None, remote: State | None) -> bool:
    """Whether the temporary state is newer than the one in S3: a run was killed before the move, or while destroying.

    Of two unrelated states (with other lineages) the one in S3 counts: somebody else finished first.
    """
    if local is None or remote is None:
        return local is not None
    return bool(local["lineage"] == remote["lineage"] and local["serial"] > remote["serial"])


def addresses(state: State | None) -> set[str]:
    """Addresses of the managed resources in a state."""
    resources = (state or {}).get("resources", [])
    return {f"{resource['type']}.{resource['name']}" for resource in resources if resource["mode"] == "managed"}


def tainted(state: State | None) -> list[str]:
    """Addresses of resources that Terraform would replace because their creation was interrupted."""
    return [
        f"{resource['type']}.{resource['name']}"
        for resource in (state or {}).get("resources", [])
        if any(instance.get("status") == "tainted" for instance in resource["instances"])
    ]
