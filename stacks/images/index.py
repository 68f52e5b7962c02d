"""An image for several processors, as a registry gets it: one index in an OCI archive, and its SBOM in another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import PackagingError
from stacks.images import oci_archive, sbom
from stacks.images.builder import Builder, Image


@dataclass(frozen=True)
class Index:
    """`NAME.oci.tar` and `NAME.sbom.oci.tar` in a folder."""

    image: Image
    archive: Path
    sbom: Path
    content: oci_archive.Content

    @property
    def digest(self) -> str:
        """The index's."""
        return self.content.digest

    def about(self) -> dict[str, Any]:
        """What programs read: a Lambda function takes the digest of one platform, because it takes no index."""
        return {
            "service": self.image.service,
            "tag": self.image.tag,
            "archive": str(self.archive),
            "sbom": str(self.sbom),
            "digest": self.digest,
            "sbom_digest": oci_archive.read(self.sbom).digest,
            "platforms": dict(self.content.platforms),
        }


def build(builder: Builder, image: Image, sources: Path, folder: Path, *, platforms: Sequence[str], base: str) -> Index:
    """Build the image of `sources` for each of the platforms into `folder`. Raises GroundworkError."""
    archive, bill = _files(image, folder)
    builder.build_index(image, sources, archive, platforms=platforms, base=base, environ=os.environ)
    content = oci_archive.read(archive)
    document = sbom.of_image(image.service, digest=content.digest, lock=sources / "runtime.txt")
    oci_archive.write_attached(bill, document, kind=sbom.MEDIA_TYPE, subject=content)
    return Index(image, archive, bill, content)


def known(image: Image, folder: Path, platforms: Sequence[str]) -> Index | None:
    """What an earlier build of the same sources for the same platforms made; None without it."""
    archive, bill = _files(image, folder)
    try:
        content = oci_archive.read(archive)
    except PackagingError:
        return None
    same = content.tag == image.tag and set(content.platforms) == set(platforms) and bill.exists()
    return Index(image, archive, bill, content) if same else None


def _files(image: Image, folder: Path) -> tuple[Path, Path]:
    return folder / f"{image.service}.oci.tar", folder / f"{image.service}.sbom.oci.tar"
