"""Writes the Terraform CLI configuration that makes every stack take its providers from one unpacked copy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.files import write_atomically
from groundwork.toolchain.mirror import Mirror

# Blocks with which users decide where providers come from.
_USERS_BLOCKS = re.compile(r"^\s*(provider_installation|providers)\b", re.MULTILINE)


def users_file(environ: Mapping[str, str]) -> Path | None:
    """The user's own CLI configuration. A TF_CLI_CONFIG_FILE that does not exist is ignored.

    Raises UsageError where this user may not read it: Terraform would not start with it either.
    """
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    path = Path(named) if named else Path(environ.get("HOME", "/nonexistent")) / ".terraformrc"
    try:
        return path if path.is_file() else None
    except OSError as error:
        raise _unreadable(path, error) from error


def write(environ: Mapping[str, str], target: Path, sources: Iterable[Mirror]) -> Path:
    """The configuration to name in TF_CLI_CONFIG_FILE.

    It is the user's own file where that decides where providers come from, or is JSON. Otherwise `target` is written
    (only when it changes): the text of the user's files, then a block that takes the providers of `sources` from there
    alone and everything else from its registry. Only its owner may read it, since users' files hold tokens.
    """
    users_text = _users_text(environ)
    own = users_file(environ)
    if own and (_USERS_BLOCKS.search(users_text) or users_text.lstrip().startswith("{")):
        return own
    text = users_text + provider_installation(sources)
    if not target.is_file() or target.read_text() != text:
        write_atomically(target, text, mode=0o600)
    return target


def provider_installation(sources: Iterable[Mirror]) -> str:
    """The block that lists the mirrors and sends everything they do not hold to its registry."""
    lines, held = ["provider_installation {"], list[str]()
    for source in sources:
        if source.addresses:
            held += source.addresses
            lines += ["  filesystem_mirror {", f"    path    = {_quoted(str(source.path))}"]
            lines += [f"    include = {_list(source.addresses)}", "  }"]
    lines += ["  direct {"] + ([f"    exclude = {_list(sorted(set(held)))}"] if held else []) + ["  }", "}", ""]
    return "\n".join(lines)


def _users_text(environ: Mapping[str, str]) -> str:
    """What Terraform would read for this user: naming a file switches the folder ~/.terraform.d off."""
    own = users_file(environ)
    files = [own] if own else []
    if not environ.get("TF_CLI_CONFIG_FILE") and not environ.get("TERRAFORM_CONFIG"):
        files += sorted((Path(environ.get("HOME", "/nonexistent")) / ".terraform.d").glob("*.tfrc"))
    return "".join(_text(file) + "\n" for file in files)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UsageError:
    why = error.strerror if isinstance(error, OSError) else "not UTF-8"
    return UsageError(
        f"Terraform's CLI configuration {file} cannot be read ({why})",
        fix="name a readable one in TF_CLI_CONFIG_FILE, or unset it",
    )


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
