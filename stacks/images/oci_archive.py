"""OCI archives: what an image is called by its content, and documents that belong to an image."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import PackagingError

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# The image specification's empty config, for a manifest without an image ("Guidelines for Artifact Usage").
_EMPTY, _EMPTY_TYPE = b"{}", "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True)
class Content:
    """What an archive holds: the `descriptor` of an image or index; of an index, platform (`linux/arm64`) → digest."""

    descriptor: Mapping[str, Any]
    platforms: Mapping[str, str]

    @property
    def digest(self) -> str:
        """`sha256:…`, which is the image's name by content in every registry."""
        return str(self.descriptor["digest"])

    @property
    def tag(self) -> str:
        """The tag that its builder gave it."""
        return str(self.descriptor.get("annotations", {}).get("org.opencontainers.image.ref.name", ""))


def read(archive: Path) -> Content:
    """The content of an OCI archive. Raises PackagingError where it holds none, or several."""
    try:
        with tarfile.open(archive) as files:
            (descriptor,) = _json(files, "index.json")["manifests"]
            top = _json(files, _blob(descriptor["digest"]))
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise PackagingError(f"{archive} is not an OCI archive of one image: {error}", fix="build it again") from error
    inner = top.get("manifests", ())
    platforms = {f"{each['platform']['os']}/{each['platform']['architecture']}": each["digest"] for each in inner}
    return Content(descriptor, platforms)


def write_attached(archive: Path, data: bytes, *, kind: str, subject: Content) -> None:
    """Write an archive of one document of media type `kind` that is about `subject`, as a registry keeps it beside it.

    OCI image specification 1.1, "Image Manifest": `subject`, `artifactType`. Equal data give equal bytes.
    """
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "artifactType": kind,
        "config": _descriptor(_EMPTY, _EMPTY_TYPE),
        "layers": [_descriptor(data, kind)],
        "subject": {key: subject.descriptor[key] for key in ("mediaType", "digest", "size")},
    }
    text = json.dumps(manifest).encode()
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [_descriptor(text, _MANIFEST)]}
    files = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps(index).encode(),
    }
    files |= {_blob(_descriptor(blob, "")["digest"]): blob for blob in (text, _EMPTY, data)}
    with tarfile.open(archive, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def _descriptor(content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(files: tarfile.TarFile, name: str) -> Any:
    file = files.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is not a file")
    with file:
        return json.load(file)
