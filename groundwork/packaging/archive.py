"""Writes a zip whose bytes depend on names and contents alone.

Entries are stored, not deflated: zlib and its replacements (zlib-ng, Cloudflare's, Intel's) compress the same input to
different bytes, and which one Python links against differs between machines. docs/lambda-packaging.md has the cost.
"""

from __future__ import annotations

import io
import stat
import zipfile

from groundwork.errors import PackagingError
from groundwork.packaging.contents import Contents

FORMAT = 2
"""Part of every zip's key. Raise it when this module or contents.py makes different bytes from the same input."""
# The oldest moment a zip can express.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = stat.S_IFREG | 0o644
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a zip uploaded directly, and unpacked.
MAX_ZIP_BYTES = 50 * 1000 * 1000
MAX_UNPACKED_BYTES = 250 * 1000 * 1000


def zip_bytes(contents: Contents) -> bytes:
    """The zip of `contents`, sorted by name. Raises PackagingError when Lambda would refuse its size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, contents[name])
    data = buffer.getvalue()
    if len(data) > MAX_ZIP_BYTES or sum(map(len, contents.values())) > MAX_UNPACKED_BYTES:
        raise PackagingError(
            f"the zip has {len(data) / 1e6:.0f} MB, Lambda takes at most {MAX_ZIP_BYTES / 1e6:.0f} MB in one upload; "
            f"largest: {', '.join(_largest(contents))}",
            fix="drop a dependency from requirements.in, or move it into a layer",
        )
    return data


def _largest(contents: Contents) -> list[str]:
    sizes: dict[str, int] = {}
    for name, data in contents.items():
        top = name.split("/")[0]
        sizes[top] = sizes.get(top, 0) + len(data)
    order = sorted(sizes, key=lambda top: -sizes[top])
    return [f"{top} {sizes[top] / 1e6:.0f} MB" for top in order[:3]]
