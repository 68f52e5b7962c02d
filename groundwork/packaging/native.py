"""Refuses native modules that the target cannot load, by reading their ELF header."""

from __future__ import annotations

import re
import struct

from groundwork.errors import PackagingError

_ELF_MAGIC = b"\x7fELF"
_CLASS_64, _LITTLE_ENDIAN = 2, 1
# e_machine: 0x3E is EM_X86_64, 0xB7 EM_AARCH64 (ELF gABI, chapter 4).
_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
_NATIVE_NAME = re.compile(r"\.(so(\.\d+)*|pyd|dylib|dll)$")


def is_native(name: str, data: bytes) -> bool:
    """Whether the entry is machine code, by its name or by its first bytes."""
    return bool(_NATIVE_NAME.search(name)) or data.startswith(_ELF_MAGIC)


def architecture_of(name: str, data: bytes) -> str:
    """`x86_64`, `arm64` or `ELF machine <number>`. Raises PackagingError for anything but a 64-bit Linux module."""
    if not data.startswith(_ELF_MAGIC) or len(data) < 20:
        raise PackagingError(f"{name} is not a Linux module", fix="its wheel is broken or for another system")
    if data[4] != _CLASS_64 or data[5] != _LITTLE_ENDIAN:
        raise PackagingError(f"{name} is not a 64-bit little-endian module", fix="use a wheel for 64-bit x86 or ARM")
    (machine,) = struct.unpack_from("<H", data, 18)
    return _MACHINES.get(machine, f"ELF machine {machine}")


def check_architecture(name: str, data: bytes, *, wanted: str) -> None:
    """Raises PackagingError unless the native module `name` is of the architecture `wanted`."""
    architecture = architecture_of(name, data)
    if architecture != wanted:
        raise PackagingError(
            f"{name} is {architecture}, the function runs on {wanted}",
            fix="lock again (gw package --lock), or choose the architecture the wheel is for",
        )
