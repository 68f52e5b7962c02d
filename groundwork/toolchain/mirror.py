"""Finds Terraform providers that are already on this machine, and lists what a folder of providers holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.toolchain.terraform import terraform_platform

OPTION = "GROUNDWORK_PROVIDER_MIRROR"
REGISTRY = "registry.terraform.io"
# Where administrators and images put mirrors; searched down to two levels below.
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

    def has_unpacked(self, address: str, version: str) -> bool:
        """Whether that version of the provider lies here unpacked."""
        return version in self.unpacked.get(address, ())


def find_mirrors(
    environ: Mapping[str, str],
    option: Path | None = None,
    *,
    platform: str | None = None,
    usual_places: Iterable[Path] = USUAL_PLACES,
) -> list[Mirror]:
    """The mirrors to use, best first; `option` (or GROUNDWORK_PROVIDER_MIRROR) is then the only one.

    Raises UsageError where that one holds no provider for this platform.
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
    mirrors = {folder.resolve(): inspect(folder, origin, platform) for folder, origin in reversed([*implied, *usual])}
    return [mirror for mirror in reversed(mirrors.values()) if mirror.addresses]


def inspect(root: Path, origin: str, platform: str) -> Mirror:
    """What a folder in mirror layout holds for one platform; empty where the folder does not exist."""
    unpacked: dict[str, set[str]] = {}
    packed: dict[str, set[str]] = {}
    for kind in _folders(root, depth=3):
        address = "/".join(kind.relative_to(root).parts)
        for entry in _entries(kind):
            if _entries(entry / platform):
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
    level = [root]
    for step in range(depth):
        level = [child for folder in level for child in _children(folder) if step or "." in child.name]
    return level


def _children(folder: Path) -> list[Path]:
    return [child for child in _entries(folder) if _is_folder(child) and not child.name.startswith(".")]


def _entries(folder: Path) -> list[Path]:
    """What a folder holds; nothing where it does not exist, or where this user may not read it."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder. Unlike `Path.is_dir`, this is false below a folder that this user may not enter."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _implied(environ: Mapping[str, str]) -> list[Path]:
    """The folders Terraform itself searches; a generated configuration switches that off, so it has to name them."""
    home = Path(environ.get("HOME", "/nonexistent"))
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep)
    shared = [Path(folder) / "terraform" / "plugins" for folder in (data_home, *data_dirs) if folder]
    return [folder for folder in (home / ".terraform.d" / "plugins", *shared) if _is_folder(folder)]


def _usual(places: Iterable[Path]) -> list[Path]:
    folders = []
    for place in places:
        children = _children(place)
        grandchildren = [grandchild for child in children for grandchild in _children(child)]
        folders += [folder for folder in (place, *children, *grandchildren) if _is_folder(folder / REGISTRY)]
    return folders
