"""The AWS profile of a checkout's embedded AWS: its address, and keys that belong to this checkout alone.

Another program of this machine that finds the port can do nothing without them, and no AWS account knows them.
"""

from __future__ import annotations

import configparser
import io
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.aws.identity import DEFAULT_REGION
from localcloud.files import write_atomically

NAME = "groundwork-laptop"


@dataclass(frozen=True)
class Keys:
    """An access key and its secret."""

    access_key: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Profile:
    """The files `config` and `credentials` in `folder`, which Terraform and the AWS SDKs read."""

    folder: Path

    def keys(self) -> Keys | None:
        """The keys; None where the file is missing or holds something else."""
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(self.folder / "credentials", encoding="utf-8")
            return Keys(parser[NAME]["aws_access_key_id"], parser[NAME]["aws_secret_access_key"])
        except (OSError, KeyError, ValueError, configparser.Error):
            return None

    def write(self, endpoint: str) -> Keys:
        """Write both files for a server at `endpoint`; keys that exist are kept."""
        keys = self.keys() or _new_keys()
        credentials = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret}
        write_atomically(self.folder / "credentials", _section(NAME, credentials), mode=0o600)
        settings = {"region": DEFAULT_REGION, "output": "json", "endpoint_url": endpoint}
        write_atomically(self.folder / "config", _section(f"profile {NAME}", settings))
        return keys


def _new_keys() -> Keys:
    """Keys of the shape that the SDKs accept, with a prefix that AWS does not issue."""
    letters = string.ascii_uppercase + string.digits
    return Keys("LOCAL" + "".join(secrets.choice(letters) for _ in range(20)), secrets.token_urlsafe(30))


def _section(name: str, values: dict[str, str]) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser[name] = values
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
