"""The security checklist of the workflow files: every function finds what breaks one of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stacks.values import load_all

REPOSITORY = "acme/groundwork"
OURS = re.compile(rf"{REPOSITORY}/\.github/workflows/(plan|apply|release)\.yml@main")
"""Called by the name of the branch, because the roles trust the file as it is on main."""
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
SIGN_IN = {"plan.yml": {"plan"}, "apply.yml": {"apply"}, "release.yml": {"attest", "push"}}
"""The only jobs that get an identity."""
MERGED_ONLY = "${{ (github.ref == 'refs/heads/main' || github.ref_type == 'tag') && github.sha || 'main' }}"
OWN_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
UPLOADS = {"cdktf.out", "reported", "review", "sarif", "dist"}
DECIDES = (
    "/.github/",
    "/environments/",
    "/groundwork/preflight/",
    "/groundwork/gate/",
    "/groundwork/apply/",
    "/main.py",
    "/stacks/delivery.py",
    "/stacks/blocks/pipeline/github_role.py",
)
"""What somebody else than everybody has to own, beside the files that waive checks."""
STILL_WAITS = (
    "${{ !cancelled() && (needs.plan-waiting.outputs.waiting == 'true'"
    " || (needs.plan.outputs.waiting == 'true' && needs.apply.result == 'skipped')) }}"
)
EXCEPTIONS = {"unpinned-uses": "By the name of the branch", "github-env": "Two folders of this checkout"}
"""zizmor's findings that are let pass, and how their reason begins."""


def load(path: Path) -> Any:
    """A YAML file as GitHub reads it: 1.2, so that `on` is no boolean."""
    return _parsed(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=200)
def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@dataclass(frozen=True)
class Job:
    """`steps` is empty where the job calls a workflow."""

    file: str
    name: str
    said: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def steps(self) -> list[Any]:
        return list(self.said.get("steps", ()))

    @property
    def permissions(self) -> dict[str, str]:
        found = self.said.get("permissions") or {}
        return dict(found) if isinstance(found, Mapping) else {"everything": found}

    def may(self, scope: str) -> bool:
        return "everything" in self.permissions or self.permissions.get(scope) == "write"

    def using(self, action: str) -> list[Any]:
        return [step for step in self.steps if str(step.get("uses", "")).startswith(f"{action}@")]

    def position(self, what: str) -> int:
        """Where the first step is that uses or runs something of this name; behind all where none does."""
        said = [f"{step.get('uses', '')} {step.get('run', '')}" for step in self.steps]
        return next((n for n, text in enumerate(said) if what in text), len(said))


@dataclass(frozen=True)
class Folder:
    """A `.github`."""

    path: Path

    @property
    def files(self) -> list[Path]:
        return sorted((self.path / "workflows").glob("*.yml"))

    @cached_property
    def workflows(self) -> dict[str, Any]:
        return {file.name: load(file) for file in self.files}

    @property
    def jobs(self) -> list[Job]:
        return [Job(file, name, job) for file, said in self.workflows.items() for name, job in said["jobs"].items()]

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """Every step with where it is, those of our own actions among them."""
        found = [(str(job), step) for job in self.jobs for step in job.steps]
        for action in sorted((self.path / "actions").glob("*/action.yml")):
            found += [(f"actions/{action.parent.name}", step) for step in load(action)["runs"]["steps"]]
        return found

    def text(self) -> Iterator[tuple[str, list[str]]]:
        for file in sorted(self.path.rglob("*.yml")):
            yield str(file.relative_to(self.path)), file.read_text(encoding="utf-8").splitlines()


Rule = Callable[[Folder], Iterator[str]]


def every_action_is_pinned(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for line in (one.strip().removeprefix("- ") for one in lines):
            if line.startswith("uses: ") and not (
                line.startswith("uses: ./") or PINNED.fullmatch(line) or OURS.match(line.removeprefix("uses: "))
            ):
                yield f"{file}: not pinned to a commit with its version: {line}"


def nothing_is_granted_but_by_job(folder: Folder) -> Iterator[str]:
    for file, said in folder.workflows.items():
        if said.get("permissions") != {}:
            yield f"{file}: permissions of the whole file are not empty"
    for job in folder.jobs:
        if "permissions" not in job.said:
            yield f"{job}: says no permissions"
        if "everything" in job.permissions:
            yield f"{job}: takes {job.permissions['everything']}"


def an_identity_goes_with_no_right_to_write(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        writes = {scope for scope, level in job.permissions.items() if level == "write"}
        if job.may("id-token") and (others := writes - {"id-token", "attestations"}):
            yield f"{job}: has an identity and may write {', '.join(sorted(others))}"


def only_known_jobs_sign_in(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        known = SIGN_IN.get(job.file, set())
        if job.steps and job.may("id-token") != (job.name in known):
            yield f"{job}: {'has' if job.may('id-token') else 'lacks'} an identity"
        if job.using("aws-actions/configure-aws-credentials") and not job.said.get("environment"):
            yield f"{job}: signs in without an environment"
        for step in job.using("aws-actions/configure-aws-credentials"):
            if set(step["with"]) - {"role-to-assume", "aws-region"}:
                yield f"{job}: signs in with more than its role"


def pull_requests_code_runs_without_rights(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if "pull_request" not in folder.workflows[job.file]["on"] or not job.steps:
            continue
        writes = [scope for scope, level in job.permissions.items() if level == "write"]
        ours = [step["with"].get("ref") for step in job.using("actions/checkout")]
        if writes and any(ref != "${{ github.event.pull_request.base.sha }}" for ref in ours):
            yield f"{job}: runs the pull request's code and may write {', '.join(writes)}"
        if any("head.ref" in str(ref) for ref in ours):
            yield f"{job}: checks out a branch that moves"


def the_plan_job_runs_merged_code_alone(folder: Folder) -> Iterator[str]:
    job = Job("plan.yml", "plan", folder.workflows["plan.yml"]["jobs"]["plan"])
    if [step["with"].get("ref") for step in job.using("actions/checkout")] != [MERGED_ONLY]:
        yield f"{job}: checks out something else than main or what is deployed"
    preflight, sign_in = (
        job.position("gw preflight --out cdktf.out"),
        job.position("aws-actions/configure-aws-credentials"),
    )
    if not preflight < sign_in < min(job.position("gw diff"), job.position("gw plan")) < len(job.steps):
        yield f"{job}: does not run preflight, then sign in, then plan"
    if job.position("gw synth") < len(job.steps):
        yield f"{job}: synthesises where it can sign in"
    if job.said["environment"] != "${{ inputs.environment }}-${{ inputs.kind }}":
        yield f"{job}: its environment is not the plan's"


def nothing_else_starts_a_workflow(folder: Folder) -> Iterator[str]:
    allowed = {"pull_request", "push", "schedule", "workflow_dispatch", "workflow_call"}
    for file, said in folder.workflows.items():
        on = said["on"]
        events = {on} if isinstance(on, str) else set(on)
        if events - allowed:
            yield f"{file}: starts on {', '.join(sorted(events - allowed))}"


def no_token_is_left_behind(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        if str(step.get("uses", "")).startswith("actions/checkout@") and (
            step.get("with", {}).get("persist-credentials") is not False
        ):
            yield f"{where}: the checkout keeps its token"


def no_expression_is_run(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        if "${{" in str(step.get("run", "")):
            yield f"{where}: an expression in run: {step['run']}"


def no_secret_is_handed_around(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for line in lines:
            if re.search(r"secrets\s*[:.\[(]|toJSON\(\s*(secrets|github|env)\b", line, re.IGNORECASE):
                yield f"{file}: secrets: {line.strip()}"


def nothing_is_installed_without_its_hash(folder: Folder) -> Iterator[str]:
    installs = re.compile(r"\b(pip3?|pipx|npm|npx|yarn|curl|wget|apt-get|go|brew)\s")
    for where, step in folder.steps:
        if installs.search(str(step.get("run", ""))):
            yield f"{where}: installs by itself: {step['run']}"
    setup = (Path(__file__).parents[2] / "tools" / "setup.py").read_text(encoding="utf-8")
    if '"ci", "--ignore-scripts"' not in setup or "--require-hashes" not in setup or '"sync"' not in setup:
        yield "tools/setup.py: does not install by hash"


def nothing_comes_out_of_a_cache(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        given = {key: value for key, value in (step.get("with") or {}).items() if key.startswith("cache")}
        if "cache" in str(step.get("uses", "")) or any(given.values()):
            yield f"{where}: restores a cache"


def no_plan_becomes_an_artifact(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        for step in job.using("actions/upload-artifact"):
            allowed = {"reported"} if job.using("aws-actions/configure-aws-credentials") else UPLOADS
            if step["with"]["path"] not in allowed:
                yield f"{job}: uploads {step['with']['path']}"
            if step["with"]["path"] == "cdktf.out" and step["with"].get("include-hidden-files") is not True:
                yield f"{job}: loses the providers' lock files"


def one_apply_at_a_time_and_none_is_lost(folder: Folder) -> Iterator[str]:
    job = folder.workflows["apply.yml"]["jobs"]["apply"]
    if job.get("environment") != "${{ inputs.environment }}":
        yield "apply.yml: its environment is not the one that is approved"
    wanted = {"group": "apply-${{ inputs.environment }}", "cancel-in-progress": False, "queue": "max"}
    if job.get("concurrency") != wanted:
        yield f"apply.yml: concurrency is {job.get('concurrency')}"
    for file, said in folder.workflows.items():
        if (said.get("concurrency") or {}).get("cancel-in-progress") not in (None, False):
            yield f"{file}: cancels what runs"


def forks_are_planned_nowhere(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if "pull_request" in folder.workflows[job.file]["on"] and job.may("id-token"):
            condition = str(job.said.get("if", ""))
            if OWN_REPOSITORY not in condition or "dependabot[bot]" not in condition or "||" in condition:
                yield f"{job}: is not skipped for forks and Dependabot"


def what_the_roles_trust_is_called_at_main(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        uses = str(job.said.get("uses", ""))
        if re.search(r"/(plan|apply|release)\.yml", uses) and not OURS.fullmatch(uses):
            yield f"{job}: calls {uses}, which no role trusts"


def every_job_ends(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if job.steps and not 0 < int(job.said.get("timeout-minutes", 0)) <= 120:
            yield f"{job}: has no time limit"
        if job.steps and not str(job.said["runs-on"]).startswith(("ubuntu-24.04", "${{ inputs.runner }}")):
            yield f"{job}: runs on {job.said['runs-on']}"


def tags_have_to_be_on_main(folder: Folder) -> Iterator[str]:
    deploy = folder.workflows["deploy.yml"]
    job = Job("deploy.yml", "synthesise", deploy["jobs"]["synthesise"])
    if not job.position("git merge-base --is-ancestor HEAD refs/remotes/origin/main") < job.position("gw synth"):
        yield f"{job}: deploys tags from anywhere"
    if deploy["on"] != {"push": {"branches": ["main"], "tags": ["v*"]}}:
        yield f"deploy.yml: starts on {deploy['on']}"


def what_is_not_on_main_meets_no_credential(folder: Folder) -> Iterator[str]:
    """A tag brings its own deploy.yml, but not its own plan.yml, apply.yml and release.yml."""
    for file, name in (("plan.yml", "plan"), ("apply.yml", "apply"), ("release.yml", "build")):
        job = Job(file, name, folder.workflows[file]["jobs"][name])
        asked = job.position("git merge-base --is-ancestor HEAD refs/remotes/origin/main")
        (checkout,) = job.using("actions/checkout")
        if asked != 1 or checkout["with"].get("fetch-depth") != 0:
            yield f"{job}: runs what is not on main"


def both_ways_are_gated(folder: Folder) -> Iterator[str]:
    for file, name in (("pull-request.yml", "check"), ("deploy.yml", "synthesise")):
        job = Job(file, name, folder.workflows[file]["jobs"][name])
        if job.position("gw check") == len(job.steps):
            yield f"{job}: checkov and tflint do not gate it"
    for file in ("pull-request.yml", "deploy.yml"):
        job = Job(file, "synthesise", folder.workflows[file]["jobs"]["synthesise"])
        if job.position("gw preflight --canaries") == len(job.steps):
            yield f"{job}: nothing looks for baked secrets"


def the_required_check_waits_for_all(folder: Folder) -> Iterator[str]:
    jobs = folder.workflows["pull-request.yml"]["jobs"]
    ready = jobs["ready"]
    if set(ready["needs"]) != set(jobs) - {"ready"} or ready["if"] != "always()" or ready["name"] != "ready":
        yield "pull-request.yml: ready does not wait for every other job"


def the_report_comes_whatever_was_planned(folder: Folder) -> Iterator[str]:
    report = folder.workflows["pull-request.yml"]["jobs"]["report"]
    if report["if"] != "${{ !cancelled() && needs.synthesise.result == 'success' }}" or "plan" not in report["needs"]:
        yield "pull-request.yml: report does not wait for plans, or not run where one failed"


def what_is_applied_was_planned(folder: Folder) -> Iterator[str]:
    """GitHub gives an empty text for the output of a job that is not waited for."""
    for job in folder.jobs:
        if "/apply.yml@" in str(job.said.get("uses", "")):
            given = re.fullmatch(r"\$\{\{ needs\.([\w-]+)\.outputs\.plans \}\}", str(job.said["with"]["plans"]))
            needs = job.said.get("needs", [])
            if not given or given[1] not in ([needs] if isinstance(needs, str) else needs):
                yield f"{job}: applies what no job before it planned"


def what_still_waits_is_no_success(folder: Folder) -> Iterator[str]:
    jobs = folder.workflows["deploy-environment.yml"]["jobs"]
    last = jobs.get("nothing-waits", {})
    if set(last.get("needs", ())) != set(jobs) - {"nothing-waits"} or last.get("if") != STILL_WAITS:
        yield "deploy-environment.yml: ends well where stacks still wait"
    if not all("exit 1" in step["run"] for step in last.get("steps", ())):
        yield "deploy-environment.yml: nothing-waits does not fail"


def runners_reach_their_environment(folder: Folder) -> Iterator[str]:
    """Where `runner` is vpc, only machines inside reach what lies behind private endpoints."""
    everywhere = load_all(Path(__file__).parents[2] / "environments")
    inside = {one.name for one in everywhere if one.target == "aws" and one.runner == "vpc"}
    for job in folder.jobs:
        if not re.search(r"/(plan|apply|deploy-environment)\.yml", str(job.said.get("uses", ""))):
            continue
        environment, runner = str(job.said["with"]["environment"]), str(job.said["with"].get("runner", ""))
        if job.file == "deploy-environment.yml":
            if runner != "${{ inputs.runner }}":
                yield f"{job}: does not hand its runner on"
        elif not environment.startswith("${{"):
            if environment in inside and f"vars.{environment.upper()}_RUNNER ||" not in runner:
                yield f"{job}: runs outside of {environment}"
        else:
            asked = environment.removeprefix("${{ ").removesuffix(" }}")
            for name in sorted(inside):
                if f"{asked} == '{name}' && vars.{name.upper()}_RUNNER ||" not in " ".join(runner.split()):
                    yield f"{job}: runs outside of {name}"


def destroying_is_confirmed_twice(folder: Folder) -> Iterator[str]:
    said = folder.workflows["destroy.yml"]
    if set(said["on"]) != {"workflow_dispatch"}:
        yield "destroy.yml: is not started by hand alone"
    first = said["jobs"]["synthesise"]["steps"][0]
    if '"$CONFIRM" == "$STACK"' not in first.get("run", ""):
        yield "destroy.yml: what is typed is not compared first"
    if "/apply.yml@" not in said["jobs"]["apply"]["uses"] or "plan" not in str(said["jobs"]["apply"]["needs"]):
        yield "destroy.yml: nobody approves"


def what_is_released_is_signed(folder: Folder) -> Iterator[str]:
    job = Job("release.yml", "attest", folder.workflows["release.yml"]["jobs"]["attest"])
    if not (job.using("actions/attest-build-provenance") and job.using("actions/attest")):
        yield f"{job}: no provenance or no SBOM is signed"
    if folder.workflows["release.yml"]["jobs"]["push"]["needs"] != "attest":
        yield "release.yml: pushes what is not signed"


def updates_wait_a_week(folder: Folder) -> Iterator[str]:
    updates = load(folder.path / "dependabot.yml")["updates"]
    for missing in {"pip", "npm", "gomod", "github-actions"} - {one["package-ecosystem"] for one in updates}:
        yield f"dependabot.yml: does not update {missing}"
    for one in updates:
        if one.get("cooldown", {}).get("default-days", 0) < 7:
            yield f"dependabot.yml: {one['package-ecosystem']} does not wait"
        if not one.get("groups"):
            yield f"dependabot.yml: {one['package-ecosystem']} has no group"


def what_decides_has_owners(folder: Folder) -> Iterator[str]:
    lines = (folder.path / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owned = [line.split() for line in lines if line and not line.startswith("#")]
    everybody = next((owners for path, *owners in owned if path == "*"), [])
    root = Path(__file__).parents[2]
    waiving = [
        f"/{file.relative_to(root)}"
        for file in sorted((root / "stacks").rglob("*.py"))
        if "waive(" in file.read_text(encoding="utf-8")
    ]
    for path in [*DECIDES, *waiving]:
        # The last line that matches is the one that counts.
        owners = next((owners for at, *owners in reversed(owned) if at == "*" or _covers(at, path)), [])
        if not owners or owners == everybody:
            yield f"CODEOWNERS: nobody owns {path}"
    for path, *_ in owned:
        if path != "*" and not list(root.glob(path.strip("/"))):
            yield f"CODEOWNERS: there is no {path}"


def _covers(pattern: str, path: str) -> bool:
    return fnmatchcase(path, pattern) or (pattern.endswith("/") and path.startswith(pattern))


def exceptions_have_reasons(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for above, line in zip(["", *lines], lines, strict=False):
            for rule in re.findall(r"zizmor: ignore\[([\w-]+)\]", line):
                nearby = lines[max(0, lines.index(above) - 3) : lines.index(line)] if above else []
                if not any(EXCEPTIONS.get(rule, "\0") in one for one in nearby):
                    yield f"{file}: {rule} is ignored without its reason"


RULES: tuple[Rule, ...] = (
    every_action_is_pinned,
    nothing_is_granted_but_by_job,
    an_identity_goes_with_no_right_to_write,
    only_known_jobs_sign_in,
    pull_requests_code_runs_without_rights,
    the_plan_job_runs_merged_code_alone,
    nothing_else_starts_a_workflow,
    no_token_is_left_behind,
    no_expression_is_run,
    no_secret_is_handed_around,
    nothing_is_installed_without_its_hash,
    nothing_comes_out_of_a_cache,
    no_plan_becomes_an_artifact,
    one_apply_at_a_time_and_none_is_lost,
    forks_are_planned_nowhere,
    what_the_roles_trust_is_called_at_main,
    every_job_ends,
    tags_have_to_be_on_main,
    what_is_not_on_main_meets_no_credential,
    both_ways_are_gated,
    the_required_check_waits_for_all,
    the_report_comes_whatever_was_planned,
    what_is_applied_was_planned,
    what_still_waits_is_no_success,
    runners_reach_their_environment,
    destroying_is_confirmed_twice,
    what_is_released_is_signed,
    updates_wait_a_week,
    what_decides_has_owners,
    exceptions_have_reasons,
)


def problems(path: Path) -> list[str]:
    """Everything that breaks a line of the checklist in a `.github` folder."""
    folder = Folder(path)
    return [found for rule in RULES for found in rule(folder)]
