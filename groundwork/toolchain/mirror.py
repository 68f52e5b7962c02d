"""Finds Terraform providers that are on this machine already, and tells what a folder of providers holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.toolchain.platforms import terraform_platform

OPTION = "GROUNDWORK_PROVIDER_MIRROR"
REGISTRY = "registry.terraform.io"
# Where administrators and images put mirrors; looked at themselves, their children and their grandchildren.
USUAL_PLACES = (Path("/opt"), Path("/usr/share"), Path("/usr/local/share"), Path("/usr/local/lib"), Path("/srv"))


@dataclass(frozen=True)
class Mirror:
    """A folder in Terraform's mirror layout. `unpacked` and `packed`: provider address → versions for this platform."""

    path: Path
    origin: str
    unpacked: Mapping[str, frozenset[str]]
    packed: Mapping[str, frozenset[str]]

    @property
    def addresses(self) -> list[str]:
        """Every provider held, as `registry.terraform.io/hashicorp/aws`."""
        return sorted({*self.unpacked, *self.packed})


def find_mirrors(
    environ: Mapping[str, str],
    option: Path | None = None,
    *,
    platform: str | None = None,
    usual_places: Iterable[Path] = USUAL_PLACES,
) -> list[Mirror]:
    """The mirrors to use, best first; `option` (or GROUNDWORK_PROVIDER_MIRROR) is then the only one.

    Raises UsageError where the named one holds no provider for this platform.
    """
    platform = platform or terraform_platform()
    named = option or (Path(environ[OPTION]) if environ.get(OPTION) else None)
    if named:
        root = named.parent if named.name == REGISTRY else named
        mirror = inspect(root.expanduser().absolute(), OPTION, platform)
        if not mirror.addresses:
            raise UsageError(
                f"{OPTION}={named} holds no provider for {platform}",
                fix=f"name the folder that holds {REGISTRY}/, as `terraform providers mirror` writes it",
            )
        return [mirror]
    implied = ((folder, "implied directory") for folder in _implied(environ))
    usual = ((folder, "found on this machine") for folder in _usual(usual_places))
    found = {folder.resolve(): inspect(folder, origin, platform) for folder, origin in reversed([*implied, *usual])}
    return [mirror for mirror in reversed(found.values()) if mirror.addresses]


def inspect(root: Path, origin: str, platform: str) -> Mirror:
    """What a folder in mirror layout holds for one platform; nothing where it is not there."""
    unpacked: dict[str, set[str]] = {}
    packed: dict[str, set[str]] = {}
    for kind in _folders(root, depth=3):
        address = "/".join(kind.relative_to(root).parts)
        for entry in kind.iterdir():
            if (entry / platform).is_dir() and any((entry / platform).iterdir()):
                unpacked.setdefault(address, set()).add(entry.name)
            archive = re.fullmatch(rf"terraform-provider-{re.escape(kind.name)}_(.+)_{platform}\.zip", entry.name)
            if archive:
                packed.setdefault(address, set()).add(archive[1])
    return Mirror(
        root,
        origin,
        {address: frozenset(versions) for address, versions in unpacked.items()},
        {address: frozenset(versions) for address, versions in packed.items()},
    )


def _folders(root: Path, *, depth: int) -> list[Path]:
    """Folders `host/namespace/type` under the root."""
    level = [root] if root.is_dir() else []
    for step in range(depth):
        level = [child for folder in level for child in _children(folder) if step or "." in child.name]
    return level


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:
        return []  # not ours to read


def _implied(environ: Mapping[str, str]) -> list[Path]:
    """Terraform's own list; a generated configuration switches it off, so it is named there again."""
    home = Path(environ.get("HOME", "/nonexistent"))
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep)
    shared = [Path(folder) / "terraform" / "plugins" for folder in (data_home, *data_dirs) if folder]
    return [folder for folder in (home / ".terraform.d" / "plugins", *shared) if folder.is_dir()]


def _usual(places: Iterable[Path]) -> list[Path]:
    found = []
    for place in places:
        children = _children(place)
        grandchildren = [grandchild for child in children for grandchild in _children(child)]
        found += [folder for folder in (place, *children, *grandchildren) if (folder / REGISTRY).is_dir()]
    return found
