"""The laptop from a fresh checkout to an empty embedded AWS, with the commands that a newcomer types.

All tests of this file share a copy of the checkout and its deployment, and run in the order of the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.support.terraform import unhashed_provider

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("laptop")]

OPEN_FILES = (
    r"\.groundwork/(setup|logs/setup-|lambda/|demo/|bin/|bootstrap/[^/]*\.lock|apply/started/|[^/]*\.lock"
    r"|aws/(config|lock|server\.(json|log)|state/server\.lock|lambda/))"
)
# A person's credentials in the shell; the laptop must never use them.
REAL_LOOKING = {
    "AWS_ACCESS_KEY_ID": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_PROFILE": "production",
}


@dataclass(frozen=True)
class Laptop:
    """A copy of the checkout with its own embedded AWS. Only the demo starts providers of its own."""

    root: Path
    shared_providers: Path | None

    def run(self, *command: str, code: int | None = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(self.root / ".venv/bin" / command[0]), *command[1:]],
            cwd=self.root,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            check=False,
        )
        message = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        assert code is None or done.returncode == code, message
        return done

    def environ(self, **environ: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT")}
        shared = {"TF_CLI_CONFIG_FILE": str(self.shared_providers)} if self.shared_providers else {}
        return {**inherited, **REAL_LOOKING, **shared, **environ}

    def json(self, *command: str, code: int = 0) -> Any:
        return json.loads(self.run(*command, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def laptop(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    if not (checkout / "node_modules/cdktf-cli").is_dir():
        pytest.skip("cdktf-cli is not installed; `make setup` installs it")
    root = tmp_path_factory.mktemp("laptop")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, root / name)
    for made in (".venv", "node_modules", "uv.toml"):
        if (checkout / made).exists():
            (root / made).symlink_to((checkout / made).resolve())
    _commit(root)
    laptop = Laptop(root, unhashed_provider(checkout, tmp_path_factory.mktemp("providers")))
    yield laptop
    laptop.run("gw", "local", "down", code=None)


def _commit(root: Path) -> None:
    """Commit everything, because plans name the commit that they were made from."""
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=A Newcomer", "-c", "user.email=newcomer@example.org", "commit", "--quiet", "--message=clone"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)


@pytest.fixture(scope="module")
def figures(laptop: Laptop) -> Any:
    return replace(laptop, shared_providers=None).json("gw", "demo", "--port", "0")


def test_the_demo_deploys_calls_reviews_applies_refuses_and_measures(figures: Any) -> None:
    assert figures["stacks"] == 9
    assert figures["resources"] > 100
    assert figures["peak_bytes"] > 500_000_000
    steps = {"synth", "bootstrap", "deploy", "call", "second diff", "review", "plan", "approve", "apply", "refusal"}
    assert set(figures["seconds"]) >= steps


def test_the_demo_s_report_shows_the_value_that_its_pull_request_changes(figures: Any) -> None:
    review = json.loads(Path(figures["report"]).with_name("review.json").read_text(encoding="utf-8"))
    (changed,) = [stack for stack in review["stacks"] if stack["state"] != "untouched"]
    assert changed["stack"] == "local-api"
    paths = [attribute["path"] for resource in changed["resources"] for attribute in resource["attributes"]]
    assert paths == ["memory_size"]
    assert "memory_size" in Path(figures["report"]).read_text(encoding="utf-8")


def test_the_api_answers_at_the_address_that_the_demo_prints(figures: Any) -> None:
    url = urlsplit(figures["invoke_url"])
    # As curl does for a name below localhost.
    target = figures["endpoint"] + url.path
    answer = httpx.post(target, json={"records": 2}, headers={"host": url.netloc}, timeout=60)
    assert answer.status_code == 201
    assert answer.json()["records"] == 2


def test_the_demo_leaves_the_checkout_as_it_was(laptop: Laptop, checkout: Path, figures: Any) -> None:
    assert figures
    for path in (checkout / "environments").glob("*.yaml"):
        assert (laptop.root / "environments" / path.name).read_bytes() == path.read_bytes()


def test_after_the_apply_the_changed_stack_has_no_diff(laptop: Laptop, figures: Any) -> None:
    """The demo itself ends with an error unless the diff of every stack is empty before."""
    assert figures
    rows = laptop.json("gw", "diff", "local-api", "local-workloads", code=21)
    statuses = {row["stack"]: row["status"] for row in rows}
    assert statuses.pop("local-workloads").startswith("not planned: ")
    assert statuses == {"local-api": "no change"}


def test_plain_cdktf_uses_the_embedded_aws_and_no_credentials_of_the_shell(laptop: Laptop, figures: Any) -> None:
    proxies = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    done = laptop.run("cdktf", "diff", "local-network", AWS_ENDPOINT_URL=figures["endpoint"], CI="1", **proxies)
    assert "No changes." in done.stdout, "it connects only to 127.0.0.1"


def test_plain_cdktf_writes_every_stack_as_hcl(laptop: Laptop, figures: Any, tmp_path: Path) -> None:
    assert figures
    laptop.run("cdktf", "synth", "--hcl", "--output", str(tmp_path / "hcl"))
    stacks = tmp_path / "hcl" / "stacks"
    assert 'resource "aws_vpc"' in (stacks / "local-network" / "cdk.tf").read_text(encoding="utf-8")
    assert 'backend "s3"' in (stacks / "prod-delivery" / "cdk.tf").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [("diff",), ("drift",)])
def test_nothing_is_planned_with_a_placeholder_account_number(
    laptop: Laptop, figures: Any, command: tuple[str, ...]
) -> None:
    assert figures
    done = laptop.run("gw", *command, "dev-network", code=3)
    assert "placeholder" in done.stderr
    assert "gw init" in done.stderr


def test_states_plans_keys_and_data_are_readable_by_their_owner_alone(laptop: Laptop, figures: Any) -> None:
    """What others may read is listed; everything else is private."""
    assert (laptop.root / "cdktf.out").stat().st_mode & 0o077 == 0
    files = list((laptop.root / ".groundwork").rglob("*"))
    shown = [str(path.relative_to(laptop.root)) for path in files if path.is_file() and path.stat().st_mode & 0o077]
    assert [path for path in shown if not re.match(OPEN_FILES, path)] == []
    assert len(files) > len(shown)


def test_two_invocations_with_the_same_key_write_one_file(laptop: Laptop, figures: Any) -> None:
    assert figures
    laptop.run("gw", "synth", "local")  # an earlier test synthesised another environment last
    first = laptop.json("gw", "invoke", "local", "--records", "1", "--key", "order-1")
    again = laptop.json("gw", "invoke", "local", "--records", "1", "--key", "order-1")
    assert first["status"] == again["status"] == 201
    assert first["body"]["key"] == again["body"]["key"]


def test_where_names_the_python_line_of_a_terraform_address(laptop: Laptop, figures: Any) -> None:
    assert figures
    laptop.run("gw", "synth", "local")
    origins = json.loads((laptop.root / "cdktf.out/stacks/local-network/origins.json").read_text(encoding="utf-8"))
    address = next(name for name in origins if name.startswith("aws_vpc."))
    (place,) = laptop.json("gw", "where", address, "--stack", "local-network")
    file, _, line = place["lines"][0].partition(":")
    assert "Vpc(" in (laptop.root / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_a_stack_that_others_read_is_not_destroyed_alone(laptop: Laptop, figures: Any) -> None:
    assert figures
    done = laptop.run("gw", "destroy", "local-network", "--yes", code=7)
    assert "is deployed and reads what would be destroyed" in done.stderr


def test_ctrl_c_ends_every_process_and_leaves_no_lock(laptop: Laptop, figures: Any) -> None:
    """A lock that is left behind would stop the commands of the next test."""
    assert figures
    command = [str(laptop.root / ".venv/bin/gw"), "destroy", "local", "--yes"]
    running = subprocess.Popen(
        command, cwd=laptop.root, env=laptop.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    tree: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while not any("terraform" in process.name() for process in tree):
        assert time.monotonic() < deadline
        assert running.poll() is None, running.communicate()
        time.sleep(0.2)
        tree = _tree(running.pid)
    time.sleep(10)  # the first stacks are being destroyed, and hold their locks
    tree = _tree(running.pid)
    running.send_signal(signal.SIGINT)
    _, printed = running.communicate(timeout=120)
    assert running.returncode == 130, printed
    assert "stopped by SIGINT" in printed
    assert not [process for process in tree if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert laptop.json("gw", "local", "status")["resources"], "it was stopped before its end"


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.row("3.12")
def test_destroying_the_environment_leaves_only_keys_pending_deletion(laptop: Laptop, figures: Any) -> None:
    assert figures
    laptop.run("gw", "destroy", "local", "--yes")
    status = laptop.json("gw", "local", "status")
    assert status["resources"] == {}
    assert status["pending_deletion"] > 0
    assert "nothing is deployed" in laptop.run("gw", "destroy", "local", "--yes").stdout
