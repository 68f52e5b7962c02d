"""The contract of the embedded AWS: resources are applied, get other tags, survive restarts, and leave nothing."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from localcloud.files import write_atomically
from localcloud.profile import Keys
from tests.support.terraform import Outcome, Terraform

FIXTURES = Path(__file__).parent / "fixtures"
BATCHES = {
    "databases": ("databases", "caches", "data_streams", "backup"),
    "messages": ("messaging", "secrets", "observability", "containers"),
    "names": ("names_and_certificates", "web_acl", "account", "content"),
    "network": ("network",),
    "cluster": ("cluster", "build_and_identity"),
}
"""The fixtures that are applied together, because the AWS provider takes 4 s of processor time per run."""
PROVIDER = """
variable "team" {{
  default = "first"
}}

provider "aws" {{
  region      = "eu-west-1"
  max_retries = 2
  assume_role {{
    role_arn = "arn:aws:iam::{account}:role/contract"
  }}
  default_tags {{
    tags = {{ project = "groundwork", environment = "contract", team = var.team }}
  }}
}}
"""
SECOND = ("-var", "team=second")


@dataclass(frozen=True)
class Batch:
    """The fixtures of a batch as modules of one configuration, in an account of its own."""

    name: str
    folder: Path
    endpoint: str
    keys: Keys
    terraform: Terraform

    @property
    def account(self) -> str:
        """Twelve digits, the same in every run."""
        return f"2000000000{list(BATCHES).index(self.name):02}"

    def prepare(self) -> None:
        """Write the configuration and what it reads."""
        self.folder.mkdir()
        modules = [PROVIDER.format(account=self.account)]
        for fixture in BATCHES[self.name]:
            shutil.copytree(FIXTURES / fixture, self.folder / fixture)
            modules.append(f'module "{fixture}" {{\n  source = "./{fixture}"\n}}\n')
        (self.folder / "main.tf").write_text("\n".join(modules))
        if "names_and_certificates" in BATCHES[self.name]:
            _write_certificate(self.folder / "names_and_certificates" / "certificate")
        if "secrets" in BATCHES[self.name]:
            with zipfile.ZipFile(self.folder / "secrets" / "rotation.zip", "w") as archive:
                archive.writestr("handler.py", "def handler(event, context):\n    return {}\n")
        installed = self.terraform.run(self.folder, "get", environ={})
        assert installed.code == 0, installed.output

    def apply(self) -> Outcome:
        """Create everything."""
        return self._terraform("apply", "-auto-approve", "-parallelism=20")

    def change_tags(self) -> tuple[Outcome, str]:
        """Give everything another tag `team`, in place; also what else would change by that, which nothing should."""
        planned = self._terraform("plan", *SECOND, "-out=tags.tfplan")
        if planned.code:
            return planned, ""
        shown = self._run("show", "-json", "tags.tfplan")
        if shown.code:
            return shown, ""
        return self._terraform("apply", "-parallelism=20", "tags.tfplan"), _besides_tags(
            json.loads(shown.output.splitlines()[-1])
        )

    def plan(self) -> Outcome:
        """Exit code 0: nothing to change, 2: changes."""
        return self._terraform("plan", *SECOND, "-detailed-exitcode")

    def destroy(self) -> Outcome:
        """Remove everything."""
        return self._terraform("destroy", *SECOND, "-auto-approve", "-parallelism=20")

    def remaining(self) -> dict[str, Any]:
        """What the account still holds, keys that wait for their deletion aside."""
        try:
            answer = httpx.get(f"{self.endpoint}/_groundwork/inventory", timeout=60, trust_env=False)
            resources: dict[str, dict[str, Any]] = answer.raise_for_status().json()["resources"]
        except httpx.HTTPError as error:
            return {"the inventory does not answer": str(error)}
        return resources.get(self.account, {})

    def _terraform(self, command: str, *options: str) -> Outcome:
        return self._run(command, "-no-color", "-input=false", *options)

    def _run(self, *arguments: str) -> Outcome:
        environ = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return self.terraform.run(self.folder, *arguments, environ=environ)


@dataclass(frozen=True)
class Record:
    """What happened to a batch: each command's exit code and last lines, what else changed with tags, what was left."""

    codes: Mapping[str, int]
    ends: Mapping[str, str]
    seconds: Mapping[str, float]
    besides_tags: str = ""
    left: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, outcomes: Mapping[str, Outcome], besides_tags: str, left: Mapping[str, Any]) -> Record:
        """The record of some commands."""
        return cls(
            codes={name: outcome.code for name, outcome in outcomes.items()},
            ends={name: outcome.end for name, outcome in outcomes.items() if outcome.code},
            seconds={name: outcome.seconds for name, outcome in outcomes.items()},
            besides_tags=besides_tags,
            left=left,
        )

    def write(self, path: Path) -> None:
        """Write it in one step: another process waits for the file."""
        write_atomically(path, json.dumps(asdict(self)))


@dataclass(frozen=True)
class Begun:
    """A batch whose resources exist, with other tags than at first: commands, and what changed besides tags."""

    outcomes: Mapping[str, Outcome]
    besides_tags: str


def begin(batch: Batch) -> Begun:
    """Create everything in the batch's account, then change the tags."""
    batch.prepare()
    applied = batch.apply()
    retagged, besides = batch.change_tags() if applied.code == 0 else (applied, "")
    return Begun({"apply": applied, "change tags": retagged}, besides)


def finish(batch: Batch, begun: Begun) -> Record:
    """Plan again and destroy."""
    outcomes = {**begun.outcomes, "plan": batch.plan(), "destroy": batch.destroy()}
    return Record.of(outcomes, begun.besides_tags, batch.remaining())


def _besides_tags(plan: Mapping[str, Any]) -> str:
    """A line for each resource that a plan does not change in its tags alone; all that have tags must change."""
    lines = []
    for each in plan["resource_changes"]:
        actions, before, after = each["change"]["actions"], each["change"]["before"], each["change"]["after"]
        if each["mode"] != "managed":
            continue
        changed = {name for name in before if _meant(before[name]) != _meant(after.get(name))} - {"tags", "tags_all"}
        # What Terraform knows only afterwards, such as the version of a launch template, is seen by the last plan.
        changed -= {name for name, unknown in each["change"]["after_unknown"].items() if "true" in json.dumps(unknown)}
        if actions not in (["update"], ["no-op"]) or changed:
            lines.append(f"{each['address']}: {'+'.join(actions)} {sorted(changed)}")
        elif "tags_all" in before and after.get("tags_all", {}).get("team") != "second":
            lines.append(f"{each['address']}: its tags stay {after.get('tags_all')}")
    return "\n".join(lines)


def _meant(value: Any) -> Any:
    """A value without what Terraform's older SDK takes for unset: null and what is empty."""
    if isinstance(value, dict):
        return {name: _meant(each) for name, each in value.items() if each not in (None, "", [], {})}
    return [_meant(each) for each in value] if isinstance(value, list) else value or None


def _write_certificate(folder: Path) -> None:
    """A self-signed certificate and its key; made here, so that no key is in the repository."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "imported.contract.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    folder.mkdir()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
