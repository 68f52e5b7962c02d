"""Where functions run: apart from the rest of this machine, at AWS's paths, wherever the machine allows it."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.aws.lambda_spec import runtime_folder

Start = Callable[[Mapping[str, str]], "subprocess.Popen[bytes]"]

_HERE = Path(__file__).parent
_USER, _GROUP = 993, 990  # what `id` prints in a function on AWS
_ROOTS_USER = 0x70000000  # for a server of root: no system gives out the ids above (systemd, "Users, Groups, UIDs")
_TMP_MB = 512  # source: CreateFunction, EphemeralStorage
_LINKED = ("/bin", "/lib", "/lib32", "/lib64", "/sbin")  # of the root folder; links into /usr on most machines
_SHOWN = ("/usr", "/etc/ld.so.cache", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/localtime",
          "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/sys/devices/system/cpu")  # fmt: skip
_PYTHON = "/var/lang"  # where AWS has Python, and so has this machine's that is not in /usr
_PROBE = "import awslambdaric, runtime_client, ssl"


@dataclass(frozen=True)
class Room:
    """How to start a function's process, and the folders as it sees them: of its code, the runtime and its layers."""

    start: Start
    task: Path
    runtime: Path
    layers: Sequence[Path]


class Isolation:
    """Rooms for functions; `folder` is the server's own, `hidden` are folders that no function may see."""

    def __init__(self, folder: Path, *, hidden: Sequence[Path] = ()) -> None:
        self._folder = folder
        self._runtime = runtime_folder(folder)
        self._root = folder / "root"
        self._root.mkdir(exist_ok=True)
        self._hidden = [str(each) for each in hidden if any(shown in map(str, each.parents) for shown in _SHOWN)]
        # A process in a room ends with the thread that started it (prctl(2), PR_SET_PDEATHSIG), so that thread stays.
        self._starter = ThreadPoolExecutor(1)
        # Tried while the server starts; nothing waits for it before the first function.
        self._verdict = self._starter.submit(self._try)

    @property
    def problem(self) -> str:
        """Why functions run with everything that this server's user may do; "" where they do not."""
        return self._verdict.result()

    def room(self, task: Path, layers: Sequence[Path], handler: str) -> Room:
        """A room for a function with its code in `task`."""
        if self.problem:
            return Room(self._start_openly(task, handler), task, self._runtime, layers)
        inside = [(layer, Path(f"/opt/{number}/python")) for number, layer in enumerate(layers) if layer.is_dir()]
        command = ["-m", "awslambdaric", handler]
        return Room(
            start=lambda environment: self._starter.submit(
                _start_apart, self._describe(task, inside, environment, command)
            ).result(),
            task=Path("/var/task"),
            runtime=Path("/var/runtime"),
            layers=[path for _, path in inside],
        )

    def _start_openly(self, task: Path, handler: str) -> Start:
        command = [sys.executable, "-S", "-P", str(_HERE / "lambda_bootstrap.py"), str(os.getpid()), handler]
        return lambda environment: subprocess.Popen(
            command,
            cwd=task,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _try(self) -> str:
        if sys.platform != "linux":
            return _sentence(f"{sys.platform} has no Linux namespaces")
        trial = _start_apart(self._describe(self._root, [], {}, ["-c", _PROBE]))
        output, _ = trial.communicate()
        lines = output.decode(errors="replace").splitlines() or [f"the trial ended with {trial.returncode}"]
        return _sentence(lines[-1]) if trial.returncode else ""

    def _describe(
        self, task: Path, layers: Sequence[tuple[Path, Path]], environment: Mapping[str, str], command: Sequence[str]
    ) -> dict[str, Any]:
        """What lambda_isolated.py needs to start Python with `command` in a room."""
        user, group = (_ROOTS_USER, _ROOTS_USER) if os.geteuid() == 0 else (_USER, _GROUP)
        python, libraries = _python()
        links = {path: str(Path(path).readlink()) for path in _LINKED if Path(path).is_symlink()}
        binds = [
            *((path, path) for path in _SHOWN if Path(path).exists()),
            *((path, path) for path in _LINKED if Path(path).is_dir() and path not in links),
            *(
                (str(module.resolve()), f"/var/runtime/{module.name}")
                for module in self._runtime.iterdir()
                if module.exists()
            ),
            *((str(layer), str(inside)) for layer, inside in layers),
            (str(task), "/var/task"),
        ]
        if libraries:
            binds.append((sys.base_prefix, _PYTHON))
            environment = {"LD_LIBRARY_PATH": libraries, **environment}
        return {
            "root": str(self._root),
            "user": user,
            "group": group,
            "binds": binds,
            "links": links,
            "files": {
                "etc/passwd": f"sbx_user1051:x:{user}:{group}::/home/sbx_user1051:/sbin/nologin\n",
                "etc/group": f"sbx_user1051:x:{group}:\n",
            },
            "hidden": self._hidden,
            "tmp_mb": _TMP_MB,
            "folder": "/var/task",
            "command": [python, "-S", "-P", *command],
            "environment": {"PYTHONPATH": "/var/runtime", **environment},
        }


def _start_apart(room: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start a process in a room. The environment of its function does not reach the program that makes the room."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_HERE / "lambda_isolated.py"), str(os.getpid())],
        cwd="/",
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    description, process.stdin = process.stdin, None
    with suppress(BrokenPipeError), description:  # type: ignore[union-attr]
        marshal.dump(room, description)  # type: ignore[arg-type]
    return process


def _python() -> tuple[str, str]:
    """The interpreter as a function sees it, and the folder of its libraries; "" for Python in /usr."""
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if Path(sys.base_prefix).is_relative_to("/usr"):
        return f"{sys.base_prefix}/{name}", ""
    return f"{_PYTHON}/{name}", f"{_PYTHON}/lib"


def _sentence(reason: str) -> str:
    return f"functions run as the user who started the embedded AWS, and can read that user's files: {reason}"
