"""What is in an image, as a CycloneDX document: the packages of services/runtime.txt, with their hashes."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

MEDIA_TYPE = "application/vnd.cyclonedx+json"
_IMAGE = {"implementation_name": "cpython", "platform_python_implementation": "CPython", "os_name": "posix",
          "sys_platform": "linux", "platform_system": "Linux"}  # fmt: skip
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def of_image(service: str, *, digest: str, lock: Path) -> bytes:
    """The bill of materials of the image with that digest; the same image and lock give the same bytes.

    Python and Debian's packages are the base's, which publishes its own.
    """
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{service}@{digest}')}",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": service, "name": service, "version": digest}},
        "components": components(lock),
    }
    return json.dumps(document, indent=1).encode()


def components(lock: Path) -> list[dict[str, Any]]:
    """The packages of a lock with hashes that Linux installs. A file of each is in the image: that of its processor."""
    packages = []
    for entry in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        package = Requirement(entry.partition(" --hash=")[0].strip())
        if package.marker and not package.marker.evaluate(_IMAGE):
            continue
        (pin,) = package.specifier
        purl = f"pkg:pypi/{package.name}@{pin.version}"
        distributions = [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": content}]}
            for content in _HASH.findall(entry)
        ]
        about = {"type": "library", "bom-ref": purl, "name": package.name, "version": pin.version, "purl": purl}
        packages.append({**about, "externalReferences": distributions})
    return packages
