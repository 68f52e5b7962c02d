"""The real platform, except that its stacks are those of mini_main.py: each copy reads the stack before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stacks import platform


class _Environment(platform.PlatformEnvironment):
    def upstream_of(self, stack: str) -> Sequence[str]:
        if stack.endswith("-copy-copy"):
            return [stack.removesuffix("-copy")]
        return [self.names.stack("web")] if stack.endswith("-copy") else []


class _Platform:
    commands = platform.PLATFORM.commands
    names = platform.PLATFORM.names
    synth_arguments = platform.PLATFORM.synth_arguments

    def environments(self, folder: Path) -> Sequence[platform.PlatformEnvironment]:
        return [_Environment(known.values) for known in platform.PLATFORM.environments(folder)]


PLATFORM = _Platform()
