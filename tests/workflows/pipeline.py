"""A repository whose real workflow files `act` runs, against an embedded AWS with the real trust policies.

Three programs replace GitHub: act reads the files and runs their steps in order, the fake GitHub gives each job what
its `permissions:` and `environment:` allow, and `runner.py` replaces third-party actions.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundwork.github import check as checking
from groundwork.github.api import GitHub
from groundwork.github.settings import desired
from groundwork.github.setup import setup
from stacks.platform import PLATFORM
from tests.support import warm_gw
from tests.support.fake_github import FakeGitHub, Run
from tests.workflows import checklist
from tests.workflows.accounts import ACCOUNTS, Cloud

HERE = Path(__file__).parent
REPOSITORY = "acme/groundwork"
# act 0.2 checks files against a schema without this key; the tests of the checklist make sure that it is used.
UNKNOWN_TO_ACT = re.compile(r"^ +queue: max\n", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MAKEFILE = """# The test's machine is set up already.
setup pipeline check audit:
\t@true
release:
\t@mkdir -p dist .groundwork/release
\t@for name in service-1.0.0.tgz populate.zip users.oci.tar; do \\
\t  echo $(VERSION) > dist/$$name; (cd dist && sha256sum $$name) >> dist/subjects.txt; done
"""
IGNORED = "/.groundwork/\n/cdktf.out*/\n/reported/\n/review/\n/sarif/\n__pycache__/\n"


@dataclass
class Outcome:
    """A run, which may not have ended: `notes` is what its steps did, `log` what they printed."""

    run: Run
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """The notes of the steps and the end of what they printed, without act's own messages."""
        lines = (self.folder / "act.log").read_text(errors="replace").splitlines()
        printed = [
            _COLOURS.sub("", line) for line in lines if "LocalRepositoryCache" not in line and "set-env" not in line
        ]
        return "\n".join([*self.notes, *printed[-150:]])

    @property
    def notes(self) -> list[str]:
        file = self.folder / "notes.txt"
        return file.read_text().splitlines() if file.is_file() else []

    def did(self, job: str, what: str) -> list[str]:
        """The notes of a job (`plan:dev`) that contain this text."""
        return [note for note in self.notes if note.startswith(f"{job}: ") and what in note]

    def wait_for(self, job: str, what: str, seconds: float = 600) -> None:
        """Wait until a job noted this."""
        end = time.monotonic() + seconds
        while not self.did(job, what):
            assert self.process.poll() is None or self.did(job, what), f"the run ended:\n{self.log}"
            assert time.monotonic() < end, f"{job} did not {what}:\n{self.log}"
            time.sleep(0.2)

    def end(self, seconds: float = 800) -> bool:
        """Wait until the run is over; returns whether every job succeeded."""
        return self.process.wait(seconds) == 0

    def stop(self) -> None:
        """End act and what it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(20)

    def artifact(self, name: str) -> Path:
        return self.folder / "artifacts" / name


@dataclass
class Pipeline:
    """`origin` is the repository on GitHub; `machine` has the tools of a runner, and a Python with `gw`."""

    root: Path
    checkout: Path
    act: Path
    github: FakeGitHub
    cloud: Cloud
    machine: Path
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def origin(self) -> Path:
        return self.root / "origin"

    @property
    def seen(self) -> Path:
        """The workflow files that the fake GitHub reads."""
        return self.root / "seen"

    # ── actions of people ──────────────────────────────────────────────────────────────────────────
    def edit(self, file: str, before: str, after: str) -> None:
        """Change a file of the branch that is checked out in origin."""
        path = self.origin / file
        text = path.read_text(encoding="utf-8")
        assert before in text, f"{before!r} is not in {file}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def commit(self, message: str = "a change", *, author: str = "alice") -> str:
        """Commit everything as somebody, also on the fake GitHub."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, f"--author={author} <{author}@example.com>")
        sha = self.git("rev-parse", "HEAD")
        self.github.commit(author, sha=sha, message=message)
        return sha

    def open_pull_request(self, change: Callable[[], None], *, author: str = "alice", fork: bool = False) -> int:
        """Open a pull request of a branch with a change; afterwards origin is on main again."""
        base = self.git("rev-parse", "main")
        self.git("switch", "-q", "-c", f"change-{len(self.github.state.pulls)}", "main")
        change()
        head = self.commit(author=author)
        number = self.github.open_pull_request(author, commits=[head], fork=fork)
        pull = self.github.state.pulls[number]
        self.git("switch", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {head} into {base}", head)
        pull.base_sha, pull.merge_sha = base, self.git("rev-parse", "HEAD")
        self.github.commit("web-flow", sha=pull.merge_sha)
        self.git("update-ref", f"refs/pull/{number}/merge", pull.merge_sha)
        self.git("switch", "-q", "main")
        return number

    def merge(self, number: int, *, by: str = "bob") -> str:
        """Squash a pull request into main."""
        pull = self.github.state.pulls[number]
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--squash", pull.head_sha)
        self.git("commit", "-q", "-m", f"a change (#{number})", f"--author={pull.author} <{pull.author}@example.com>")
        return self.github.merge(number, by, sha=self.git("rev-parse", "HEAD"))

    def push(self, change: Callable[[], None], *, author: str = "alice", by: str = "bob") -> str:
        """Open and merge a pull request without running its workflow."""
        return self.merge(self.open_pull_request(change, author=author), by=by)

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.origin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set_up(self) -> None:
        """What `gw github setup` does with the values of origin."""
        admin = GitHub.of(self.github.person("root", admin=True))
        environments = PLATFORM.environments(self.origin / "environments")
        wanted = desired(REPOSITORY, environments, self.origin / ".github" / "workflows")
        setup(admin, checking.check(wanted, admin))

    # ── actions of GitHub ──────────────────────────────────────────────────────────────────────────
    def on_pull_request(self, number: int) -> Outcome:
        pull = self.github.state.pulls[number]
        return self._start("pull_request", pull.author, "pull-request.yml", pull.merge_sha, pull_request=number)

    def on_merge_group(self, number: int) -> Outcome:
        """The merge queue tries the pull request's merge on a branch of its own."""
        pull = self.github.state.pulls[number]
        branch = f"refs/heads/gh-readonly-queue/main/pr-{number}-{pull.head_sha}"
        return self._start("merge_group", "github-merge-queue[bot]", "pull-request.yml", pull.merge_sha, ref=branch)

    def on_push(self, *, ref: str = "refs/heads/main", by: str = "bob", sha: str = "") -> Outcome:
        """The run of a push; `sha` is an earlier commit of main, whose run begins late."""
        sha = sha or self.git("rev-parse", f"{ref}^{{commit}}")
        return self._start("push", by, "deploy.yml", sha, ref=ref)

    def on_dispatch(self, workflow: str, *, by: str = "bob", **inputs: str) -> Outcome:
        return self._start("workflow_dispatch", by, workflow, self.git("rev-parse", "main"), inputs=inputs)

    def rerun_apply(self, outcome: Outcome, environment: str, *, by: str) -> Outcome:
        """Run only the apply job again, with the outputs of the plan job in the attempt before."""
        run = self.github.rerun(outcome.run, by)
        index = json.loads((outcome.folder / f"plans-{environment}.json").read_text())
        job = {
            "uses": f"{REPOSITORY}/.github/workflows/apply.yml@main",
            "with": {"environment": environment, "targets": environment, "plans": json.dumps(index)},
        }
        alone = self.root / f"alone-{run.id}-{run.attempt}"
        shutil.copytree(self._export(run.sha), alone, symlinks=True)
        # JSON is YAML. The other jobs do not run again, and act cannot be given their outputs.
        (alone / run.workflow.file).write_text(json.dumps({"on": run.event, "jobs": {"apply": job}}))
        return self._act(run, self.root / f"{run.id}-{run.attempt}", where=alone)

    def _start(
        self,
        event: str,
        actor: str,
        workflow: str,
        sha: str,
        *,
        ref: str = "refs/heads/main",
        pull_request: int | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> Outcome:
        self._show_files(sha)
        run = self.github.begin_run(
            event,
            actor,
            workflow=workflow,
            sha="" if pull_request else sha,
            ref=ref,
            pull_request=pull_request,
            inputs=inputs,
        )
        return self._act(run, self.root / f"{run.id}-{run.attempt}")

    def _show_files(self, sha: str) -> None:
        """Set the files that GitHub reads for a run: those of its commit, and main's of workflows called at main."""
        main, here = self._export(self.git("rev-parse", "main")), self._export(sha)
        shutil.rmtree(self.seen, ignore_errors=True)
        shutil.copytree(here / ".github" / "workflows", self.seen)
        for name in ("plan.yml", "apply.yml", "release.yml"):
            shutil.copy(main / ".github" / "workflows" / name, self.seen)

    def _act(self, run: Run, folder: Path, *, where: Path | None = None) -> Outcome:
        folder.mkdir(parents=True)
        event = self.github.event(run)
        if run.pull_request is None:
            event |= {"ref": run.ref, "after": run.sha}
        (folder / "event.json").write_text(json.dumps(event))
        about = {
            "github": self.github.url,
            "control": self.github.control_token,
            "run": run.id,
            "origin": str(self.origin),
            "machine": str(self.machine),
            "gw": str(warm_gw.server(self.checkout)),
            "jobs": self._jobs(run),
        }
        (folder / "run.json").write_text(json.dumps(about, indent=1))
        where, main = where or self._export(run.sha), self._export(self.git("rev-parse", "main"))
        command = [
            str(self.act), run.event, "-W", f".github/workflows/{Path(run.workflow.file).name}",
            "-e", str(folder / "event.json"), "-P", "ubuntu-24.04=-self-hosted", "--no-skip-checkout",
            "--no-cache-server", "--action-cache-path", str(folder / "cache"),
            "-s", "GITHUB_TOKEN=the token of the job",
            "--local-repository", f"{REPOSITORY}@main={main}",
        ]  # fmt: skip
        for action, at in self._actions():
            command += ["--local-repository", f"{action}@{at}={self._replacement(action)}"]
        for name in ("AWS_ROLE_ARN", "AWS_REGION", "PLAN_BUCKET", "REGISTRY"):
            command += ["--var", f"{name}=@{name}"]
        runners = {**json.loads(self.github.state.variables["RUNNERS"]), "dev": "codebuild-acme-dev-runner"}
        command += ["--var", f"RUNNERS={json.dumps(runners)}"]
        # act starts a job only on labels that it knows; each of its runs has the number 1.
        for label in {*runners.values(), "codebuild-acme-dev-runner-1-1"} - {"codebuild-acme-dev-runner"}:
            command += ["-P", f"{label}=-self-hosted"]
        for name, value in self._environ(folder).items():
            command += ["--env", f"{name}={value}"]
        clean = {key: os.environ[key] for key in ("LANG", "TMPDIR") if key in os.environ}
        clean["PATH"] = f"{self.machine / 'bin'}{os.pathsep}{os.environ['PATH']}"
        with (folder / "act.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=where,
                env={**clean, "HOME": str(self.root / "home")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.outcomes.append(Outcome(run, folder, process))
        return self.outcomes[-1]

    def _environ(self, folder: Path) -> dict[str, str]:
        return {
            "GROUNDWORK_RUN": str(folder),
            "GROUNDWORK_RUNNER": str(HERE / "runner.py"),
            "GROUNDWORK_PYTHON": sys.executable,
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TERM": "dumb",  # act gives its steps a terminal, GitHub does not
            # Jobs have another home folder, but use the tools that this machine has already.
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "HOME": str(self.root / "home"),
            **{key: value for key, value in os.environ.items() if key.startswith(("TF_", "GROUNDWORK_PROVIDER"))},
        }

    def _export(self, sha: str) -> Path:
        """A clone at a commit, because act reads from git which repository it is in."""
        folder = self.root / "files" / sha
        if not folder.exists():
            subprocess.run(["git", "clone", "-q", str(self.origin), str(folder)], check=True, capture_output=True)
            for words in (
                ["fetch", "-q", "origin", "+refs/pull/*:refs/pull/*"],
                ["checkout", "-q", "--detach", sha],
                ["remote", "set-url", "origin", f"https://github.com/{REPOSITORY}"],
            ):
                subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
        return folder

    def _actions(self) -> set[tuple[str, str]]:
        """Every third-party action that the files name, with its commit."""
        uses = set()
        for file in (self.origin / ".github").rglob("*.yml"):
            uses |= set(re.findall(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40})", file.read_text(encoding="utf-8")))
        return {("/".join(action.split("/")[:2]), at) for action, at in uses}

    def _replacement(self, action: str) -> Path:
        name = action.split("/")[1]
        if name == "codeql-action":
            # This repository has several actions, each in a folder.
            folder = self.root / "codeql-action"
            if not folder.exists():
                shutil.copytree(HERE / "actions" / "upload-sarif", folder / "upload-sarif")
            return folder
        return HERE / "actions" / name

    def _jobs(self, run: Run) -> dict[str, list[dict[str, Any]]]:
        """`<job>:<environment>` → path and matrix of the jobs of that name, in their order.

        A step knows only these two and finds its job by them.
        """
        jobs: dict[str, list[dict[str, Any]]] = {}
        for path, job in run.jobs.items():
            top = run.workflow.document["jobs"].get(path.split("/")[0], {})
            own = checklist.load(self.seen / Path(job.file).name)["jobs"][job.id]
            matrix = {**top.get("strategy", {}).get("matrix", {}), **own.get("strategy", {}).get("matrix", {})}
            for value in matrix.get("environment", [""]):
                environment = job.inputs.get("environment", value).replace("${{ matrix.environment }}", value)
                name = f"{job.id}:{environment}{job.inputs.get('suffix', '')}"
                about = {"path": path, "matrix": {"environment": value} if value else {}}
                jobs.setdefault(name, []).append(about)
        return jobs

    # ── observation ────────────────────────────────────────────────────────────────────────────────
    def wait_for_approval(self, outcome: Outcome, environment: str, seconds: float = 600) -> None:
        """Wait until a job of the run waits for the environment's reviewers."""
        end = time.monotonic() + seconds
        while environment not in self.waiting(outcome):
            assert outcome.process.poll() is None, f"the run ended:\n{outcome.log}"
            assert time.monotonic() < end, f"nothing waits for {environment}:\n{outcome.log}"
            time.sleep(0.2)

    def waiting(self, outcome: Outcome) -> set[str]:
        with self.github.lock:
            return {
                known.environment
                for known in self.github.state.deployments
                if known.run_id == outcome.run.id and known.attempt == outcome.run.attempt and known.state == "waiting"
            }

    def end_what_does_not_wait(self, outcome: Outcome) -> None:
        """End the run's jobs for GitHub, except those that wait for an approval: act does not report their ends."""
        with self.github.lock:
            for run_job in self.github.jobs_of(outcome.run):
                run_job.ended = not run_job.waiting

    def state(self, stack: str) -> dict[str, Any] | None:
        """A stack's state in the embedded AWS."""
        return self.cloud.state(stack)

    def colour(self, environment: str = "dev") -> str:
        """The colour that is deployed; empty if none is."""
        state = self.state(f"{environment}-web") or {}
        return str(state.get("outputs", {}).get("colour", {}).get("value", ""))


@contextmanager
def pipeline(root: Path, checkout: Path, act: Path, cloud: Cloud, machine: Path) -> Iterator[Pipeline]:
    """A repository with the real workflow files and a small platform, set up by `gw github setup`."""
    origin = root / "origin"
    (origin / "environments").mkdir(parents=True)
    (root / "home").mkdir()
    shutil.copytree(checkout / ".github", origin / ".github")
    for file in (origin / ".github").rglob("*.yml"):
        file.write_text(UNKNOWN_TO_ACT.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copytree(checkout / "stacks" / "provider_locks", origin / "stacks" / "provider_locks")
    settings = (checkout / "cdktf.json").read_text(encoding="utf-8")
    (origin / "cdktf.json").write_text(settings.replace('"stacks.platform"', '"mini_platform"'), encoding="utf-8")
    shutil.copy(HERE / "mini_platform.py", origin)
    shutil.copy(HERE / "mini_main.py", origin / "main.py")
    (origin / "Makefile").write_text(MAKEFILE)
    (origin / ".gitignore").write_text(IGNORED)
    for name in ACCOUNTS:
        (origin / "environments" / f"{name}.yaml").write_text(cloud.environment_file(name))
    with FakeGitHub(workflows=root / "seen") as github:
        made = Pipeline(root, checkout, act, github, cloud, machine)
        for words in (
            ["init", "-q", "-b", "main"],
            ["config", "user.name", "GitHub"],
            ["config", "user.email", "noreply@github.com"],
            ["config", "uploadpack.allowAnySHA1InWant", "true"],
        ):
            made.git(*words)
        made.commit("first commit", author="root")
        github.team("platform", "alice", "bob", "carol", "dave")
        made.set_up()
        cloud.trust(github.jwks)
        try:
            yield made
        finally:
            for outcome in made.outcomes:
                outcome.stop()
