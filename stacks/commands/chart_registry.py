"""Charts in a registry, as OCI artifacts: `helm pull oci://…` reads them, and a version never changes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import ReleaseFailed, TerraformFailed
from stacks.commands.chart_packages import Package
from stacks.commands.chart_repository import Result
from stacks.commands.helm_program import HelmProgram

# What Helm prints where a registry answers 404: to a tag or repository that it has not.
_ABSENT = ": not found"


@dataclass(frozen=True)
class ChartRegistry:
    """Charts below `place`, which is `HOST/PREFIX`; each chart has a repository there. Without TLS if `plain_http`.

    Methods raise ReleaseFailed where other bytes have a version already, and where the registry refuses.
    """

    helm: HelmProgram
    place: str
    plain_http: bool = False

    def location(self, package: Package) -> str:
        """What `helm pull` takes."""
        return f"oci://{self.place}/{package.name}:{package.version}"

    def compare(self, packages: Sequence[Package]) -> list[Result]:
        """What `publish` would do with each package; refuses what it would refuse."""
        return ["unchanged" if self._is_pushed(each) else "published" for each in packages]

    def publish(self, packages: Sequence[Package]) -> list[Result]:
        """Push packages, each once; says for each whether it is new. It may be repeated.

        ECR refuses even the same manifest under a tag that exists (aws/containers-roadmap, issue 2380).
        """
        return [self._push(each) for each in packages]

    def _push(self, package: Package) -> Result:
        if self._is_pushed(package):
            return "unchanged"
        pushed = self.helm.run("push", str(package.path), f"oci://{self.place}", *self._flags())
        if pushed.ok:
            return "published"
        if self._is_pushed(package):  # by somebody else meanwhile
            return "unchanged"
        raise ReleaseFailed(
            f"{self.location(package)} is not pushed: {pushed.tail}",
            fix=f"add {package.name} to delivery.charts if its repository is missing, then gw bootstrap ENVIRONMENT "
            "--update; push with the credentials of the role release-charts",
        )

    def _is_pushed(self, package: Package) -> bool:
        """Whether the registry holds the package; raises ReleaseFailed where other bytes have its version."""
        with tempfile.TemporaryDirectory(prefix="groundwork-pulled-") as folder:
            chart = f"oci://{self.place}/{package.name}"
            words = ("pull", chart, "--version", package.version, "--destination", folder, *self._flags())
            pulled = self.helm.run(*words)
            if not pulled.ok:
                if _ABSENT in pulled.tail:
                    return False
                raise ReleaseFailed(
                    f"{self.location(package)} cannot be read: {pulled.tail}",
                    fix="see that the credentials are those of the role release-charts (docs/charts.md)",
                )
            (file,) = Path(folder).iterdir()
            if file.read_bytes() != package.data:
                raise ReleaseFailed(
                    f"{self.location(package)} has other bytes than {package.path}, and a published version never "
                    "changes",
                    fix="give the changed chart a new version",
                )
        return True

    def _flags(self) -> list[str]:
        return ["--plain-http"] if self.plain_http else []


def sign_in(ecr: Any, helm: HelmProgram, *, prefix: str) -> ChartRegistry:
    """The account's registry in ECR, below `prefix`, with a token that is valid for twelve hours.

    `ecr` is a boto3 client. Helm gets the token in its file of credentials, in its secure tempdir, and so not by its
    command line, which every user of the machine can read. Raises TerraformFailed where ECR gives none.
    """
    try:
        (granted,) = ecr.get_authorization_token()["authorizationData"]
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"ECR gives no token: {error}", fix="publish as the role release-charts (docs/charts.md)"
        ) from error
    address = urlsplit(granted["proxyEndpoint"])
    # ECR's token and `auth` are both user and password in base64 (ECR API reference, AuthorizationData; Docker's
    # configuration file, which is the format of Helm's).
    credentials = {"auths": {address.netloc: {"auth": granted["authorizationToken"]}}}
    helm.registry_config.unlink(missing_ok=True)
    file = os.open(helm.registry_config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as config:
        json.dump(credentials, config)
    return ChartRegistry(helm, f"{address.netloc}/{prefix}", plain_http=address.scheme == "http")
