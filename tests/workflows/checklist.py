"""The security checklist of the workflow files: each rule is a function that yields what breaks it."""

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
"""Workflows that are called at the branch main, because the roles trust the file as it is there."""
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
SIGN_IN = {"plan.yml": {"plan"}, "apply.yml": {"apply"}, "release.yml": {"attest", "push", "charts"}}
"""Workflow file → its jobs that get an identity; no others do."""
MERGED_ONLY = "${{ (github.ref == 'refs/heads/main' || github.ref_type == 'tag') && github.sha || 'main' }}"
OWN_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
UPLOADS = {"cdktf.out", "reported", "review", "sarif", "dist"}
RUNS_WITH_CREDENTIALS = (
    "/.github/",
    "/environments/",
    "/groundwork/",
    "/stacks/",
    "/tools/",
    "/main.py",
    "/cdktf.json",
    "/Makefile",
    "/pyproject.toml",
    "/Pipfile",
    "/Pipfile.lock",
    "/package.json",
    "/package-lock.json",
)
"""Code and settings of jobs with credentials: paths that need other owners than the default ones."""
RUNNERS = (
    "${{ startsWith(fromJSON(vars.RUNNERS || '{}')[inputs.environment], 'codebuild-')"
    " && format('{0}-{1}-{2}', fromJSON(vars.RUNNERS)[inputs.environment], github.run_id, github.run_attempt)"
    " || fromJSON(vars.RUNNERS || '{}')[inputs.environment] || 'ubuntu-24.04' }}"
)
"""CodeBuild starts a machine only for a label of project, run and attempt: its user guide, "Label overrides"."""
STILL_WAITS = (
    "${{ !cancelled() && needs.plan.outputs.newest != 'false' && needs.plan-waiting.outputs.newest != 'false'"
    " && (needs.plan-waiting.outputs.waiting == 'true'"
    " || (needs.plan.outputs.waiting == 'true' && needs.apply.result == 'skipped')) }}"
)
ONE_SECRET = {
    "secrets:",
    "webhook: ${{ secrets.WEBHOOK }}",
    "WEBHOOK: ${{ secrets.WEBHOOK }}",
    "WEBHOOK: ${{ secrets.webhook }}",
}
"""The only secret, the address of a chat, where it is named and where it is used."""
SETS_UP = {
    "setup": r"gw check|make release",
    "check": r"make check",
    "apply": r"gw deploy",
    "plan": r"gw (plan make|diff|drift (?!--issues --from))",
    "synthesis": r"gw (synth|review|preflight)",
    "release": r"gw charts publish",
    "github": r"gw (github|drift)",
}
"""Target of set-up → what a job runs that needs it. The first one that a job needs has everything it needs."""
BY_NUMBER = re.compile(r"\$\{\{ (?:inputs\.\w+|needs\.([\w-]+)\.outputs\.\w+) \}\}")
"""An artifact's number, from the job that made it or from the caller."""
EXCEPTIONS = {"unpinned-uses": "By the name of the branch", "github-env": "Two folders of this checkout"}
"""Findings of zizmor that are ignored, and how the comment with their reason begins."""


def load(path: Path) -> Any:
    """A YAML file as GitHub reads it: in YAML 1.2, `on` is text and not a boolean."""
    return _parsed(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=200)
def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@dataclass(frozen=True)
class Job:
    """A job of a workflow file; `body` is its YAML. `steps` is empty if it calls a workflow."""

    file: str
    name: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def steps(self) -> list[Any]:
        return list(self.body.get("steps", ()))

    @property
    def permissions(self) -> dict[str, str]:
        granted = self.body.get("permissions") or {}
        return dict(granted) if isinstance(granted, Mapping) else {"everything": granted}

    @property
    def needs(self) -> list[str]:
        needs = self.body.get("needs", [])
        return [needs] if isinstance(needs, str) else list(needs)

    def may(self, scope: str) -> bool:
        return "everything" in self.permissions or self.permissions.get(scope) == "write"

    def using(self, action: str) -> list[Any]:
        return [step for step in self.steps if str(step.get("uses", "")).startswith(f"{action}@")]

    def position(self, what: str) -> int:
        """Number of the first step that uses or runs something of this name; the number of steps if none does."""
        texts = [f"{step.get('uses', '')} {step.get('run', '')}" for step in self.steps]
        return next((number for number, text in enumerate(texts) if what in text), len(texts))


@dataclass(frozen=True)
class Folder:
    """A folder `.github`."""

    path: Path

    @property
    def files(self) -> list[Path]:
        return sorted((self.path / "workflows").glob("*.yml"))

    @cached_property
    def workflows(self) -> dict[str, Any]:
        return {file.name: load(file) for file in self.files}

    @property
    def jobs(self) -> list[Job]:
        return [
            Job(file, name, body)
            for file, workflow in self.workflows.items()
            for name, body in workflow["jobs"].items()
        ]

    def calling(self, *files: str) -> list[Job]:
        """The jobs that call one of these workflow files."""
        called = {str(job): str(job.body.get("uses", "")).partition("@")[0].rpartition("/")[2] for job in self.jobs}
        return [job for job in self.jobs if called[str(job)] in files]

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """Every step with its place, including the steps of this repository's own actions."""
        steps = [(str(job), step) for job in self.jobs for step in job.steps]
        for action in sorted((self.path / "actions").glob("*/action.yml")):
            steps += [(f"actions/{action.parent.name}", step) for step in load(action)["runs"]["steps"]]
        return steps

    def text(self) -> Iterator[tuple[str, list[str]]]:
        for file in sorted(self.path.rglob("*.yml")):
            yield str(file.relative_to(self.path)), file.read_text(encoding="utf-8").splitlines()


Rule = Callable[[Folder], Iterator[str]]


def every_action_is_pinned(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for line in (text.strip().removeprefix("- ") for text in lines):
            if line.startswith("uses: ") and not (
                line.startswith("uses: ./") or PINNED.fullmatch(line) or OURS.match(line.removeprefix("uses: "))
            ):
                yield f"{file}: not pinned to a commit with its version: {line}"


def permissions_are_granted_per_job(folder: Folder) -> Iterator[str]:
    for file, workflow in folder.workflows.items():
        if workflow.get("permissions") != {}:
            yield f"{file}: permissions of the whole file are not empty"
    for job in folder.jobs:
        if "permissions" not in job.body:
            yield f"{job}: has no permissions"
        if "everything" in job.permissions:
            yield f"{job}: takes {job.permissions['everything']}"


def jobs_with_an_identity_write_nothing_on_github(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        writes = {scope for scope, level in job.permissions.items() if level == "write"}
        if job.may("id-token") and (others := writes - {"id-token", "attestations"}):
            yield f"{job}: has an identity and may write {', '.join(sorted(others))}"


def only_known_jobs_sign_in(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        known = SIGN_IN.get(job.file, set())
        if job.steps and job.may("id-token") != (job.name in known):
            yield f"{job}: {'has' if job.may('id-token') else 'lacks'} an identity"
        if job.using("aws-actions/configure-aws-credentials") and not job.body.get("environment"):
            yield f"{job}: signs in without an environment"
        for step in job.using("aws-actions/configure-aws-credentials"):
            if set(step["with"]) - {"role-to-assume", "aws-region"}:
                yield f"{job}: signs in with more than its role"


def pull_requests_code_runs_without_rights(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if "pull_request" not in folder.workflows[job.file]["on"] or not job.steps:
            continue
        writes = [scope for scope, level in job.permissions.items() if level == "write"]
        refs = [step["with"].get("ref") for step in job.using("actions/checkout")]
        if writes and any(ref != "${{ github.event.pull_request.base.sha }}" for ref in refs):
            yield f"{job}: runs the pull request's code and may write {', '.join(writes)}"
        if any("head.ref" in str(ref) for ref in refs):
            yield f"{job}: checks out a branch that moves"


def the_plan_job_runs_only_merged_code(folder: Folder) -> Iterator[str]:
    job = Job("plan.yml", "plan", folder.workflows["plan.yml"]["jobs"]["plan"])
    if [step["with"].get("ref") for step in job.using("actions/checkout")] != [MERGED_ONLY]:
        yield f"{job}: checks out something else than main or what is deployed"
    preflight, sign_in = (
        job.position("gw preflight --out cdktf.out"),
        job.position("aws-actions/configure-aws-credentials"),
    )
    if not preflight < sign_in < min(job.position("gw diff"), job.position("gw plan")) < len(job.steps):
        yield f"{job}: does not run preflight, then sign in, then plan"
    if "gw synth" in " ".join(str(step.get("run", "")) for step in job.steps[preflight:]):
        yield f"{job}: synthesises where it can sign in"
    if "--base base" not in str(job.steps[job.position("gw diff")].get("run")):
        yield f"{job}: plans what a pull request does not change"
    if job.body["environment"] != "${{ inputs.environment }}-${{ inputs.kind }}":
        yield f"{job}: its environment is not the plan's"


def only_allowed_events_start_a_workflow(folder: Folder) -> Iterator[str]:
    allowed = {"pull_request", "merge_group", "push", "schedule", "workflow_dispatch", "workflow_call"}
    for file, workflow in folder.workflows.items():
        on = workflow["on"]
        events = {on} if isinstance(on, str) else set(on)
        if events - allowed:
            yield f"{file}: starts on {', '.join(sorted(events - allowed))}"


def checkouts_do_not_keep_their_token(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        if str(step.get("uses", "")).startswith("actions/checkout@") and (
            step.get("with", {}).get("persist-credentials") is not False
        ):
            yield f"{where}: the checkout keeps its token"


def no_expression_is_part_of_a_command(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        if "${{" in str(step.get("run", "")):
            yield f"{where}: an expression in run: {step['run']}"


def secrets_are_not_passed_on(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for line in lines:
            if line.strip() in ONE_SECRET:
                continue
            if re.search(r"secrets\s*[:.\[(]|toJSON\(\s*(secrets|github|env)\b", line, re.IGNORECASE):
                yield f"{file}: secrets: {line.strip()}"


def the_secret_reaches_no_code_of_a_pull_request(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if "secrets." in str(job.body):
            if "pull_request" in folder.workflows[job.file]["on"]:
                yield f"{job}: gives a secret to a pull request"
            if job.steps and job.may("id-token"):
                yield f"{job}: has an identity and a secret"
        handed_on = job.body.get("secrets", {})
        if handed_on not in ({}, {"webhook": "${{ secrets.WEBHOOK }}"}):
            yield f"{job}: hands on {handed_on}"


def nothing_is_installed_without_its_hash(folder: Folder) -> Iterator[str]:
    installs = re.compile(r"\b(pip3?|pipx|npm|npx|yarn|curl|wget|apt-get|go|brew)\s")
    for where, step in folder.steps:
        if installs.search(str(step.get("run", ""))):
            yield f"{where}: installs by itself: {step['run']}"
    setup = (Path(__file__).parents[2] / "tools" / "setup.py").read_text(encoding="utf-8")
    if '"ci", "--ignore-scripts"' not in setup or "--require-hashes" not in setup or '"sync"' not in setup:
        yield "tools/setup.py: does not install by hash"


def jobs_install_only_what_they_need(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        commands = "\n".join(str(step.get("run", "")) for step in job.steps)
        needed = next((target for target, command in SETS_UP.items() if re.search(command, commands)), "nothing")
        for step in job.steps:
            target = step.get("with", {}).get("target")
            if step.get("uses") == "./.github/actions/setup" and target != needed:
                yield f"{job}: sets up {target}, but needs {needed}"


def no_cache_is_restored(folder: Folder) -> Iterator[str]:
    for where, step in folder.steps:
        options = {key: value for key, value in (step.get("with") or {}).items() if key.startswith("cache")}
        if "cache" in str(step.get("uses", "")) or any(options.values()):
            yield f"{where}: restores a cache"


def no_plan_becomes_an_artifact(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        for step in job.using("actions/upload-artifact"):
            allowed = {"reported"} if job.using("aws-actions/configure-aws-credentials") else UPLOADS
            if step["with"]["path"] not in allowed:
                yield f"{job}: uploads {step['with']['path']}"
            if step["with"]["path"] == "cdktf.out" and step["with"].get("include-hidden-files") is not True:
                yield f"{job}: loses the providers' lock files"


def artifacts_are_known_by_their_number(folder: Folder) -> Iterator[str]:
    """A name may be taken by any job of the run, a number by none: it comes from the job that made the artifact.

    actions/download-artifact compares the digest that GitHub recorded for the number, and fails where it differs.
    """
    for job in folder.jobs:
        for step in job.using("actions/download-artifact"):
            source = BY_NUMBER.fullmatch(str(step["with"].get("artifact-ids")))
            if not source or set(step["with"]) != {"artifact-ids", "path"}:
                yield f"{job}: takes an artifact by something else than its number: {step['with']}"
            elif source[1] and source[1] not in job.needs:
                yield f"{job}: does not wait for {source[1]}, which makes the artifact"
        for step in job.using("actions/upload-artifact"):
            if step["with"].get("overwrite"):
                yield f"{job}: replaces an artifact"


def findings_go_to_the_commit_that_has_them(folder: Folder) -> Iterator[str]:
    job = Job("pull-request.yml", "report", folder.workflows["pull-request.yml"]["jobs"]["report"])
    (upload,) = job.using("github/codeql-action/upload-sarif")
    of = "github.event.pull_request"
    wanted = {"ref": f"refs/pull/${{{{ {of}.number }}}}/head", "sha": f"${{{{ {of}.head.sha }}}}"}
    if {key: upload["with"].get(key) for key in wanted} != wanted:
        yield f"{job}: uploads findings to another commit"
    if job.permissions.get("actions") != "read":
        yield f"{job}: cannot upload findings in a private repository"
    if not job.position("gw github sarif") < job.position("codeql-action/upload-sarif"):
        yield f"{job}: uploads findings in any tool's name"
    if upload.get("continue-on-error") and not any(
        step.get("if") == f"steps.{upload['id']}.outcome == 'failure'" for step in job.steps
    ):
        yield f"{job}: does not say that the upload failed"


def applies_of_an_environment_wait_for_each_other(folder: Folder) -> Iterator[str]:
    job = folder.workflows["apply.yml"]["jobs"]["apply"]
    if job.get("environment") != "${{ inputs.environment }}${{ inputs.suffix }}":
        yield "apply.yml: its environment is not the one that is approved"
    if job.get("concurrency") != _group("apply-${{ inputs.environment }}"):
        yield f"apply.yml: concurrency is {job.get('concurrency')}"
    for caller in folder.calling("deploy-environment.yml"):
        # Around plan and apply: what is planned while another plan waits for its approval is stale.
        if caller.body.get("concurrency") != _group(f"environment-{caller.body['with']['environment']}"):
            yield f"{caller}: concurrency is {caller.body.get('concurrency')}"
        if own := _groups(folder.workflows["deploy-environment.yml"]) & _groups({"jobs": {"": caller.body}}):
            yield f"{caller}: waits for itself in {', '.join(own)}"
    for file, workflow in folder.workflows.items():
        # The jobs of a pull request take no lock and change nothing.
        cancels = (workflow.get("concurrency") or {}).get("cancel-in-progress")
        if cancels not in (None, False) and file != "pull-request.yml":
            yield f"{file}: cancels what runs"


def _group(name: str) -> dict[str, Any]:
    return {"group": name, "cancel-in-progress": False, "queue": "max"}


def _groups(workflow: Mapping[str, Any]) -> set[str]:
    holders = (workflow, *workflow["jobs"].values())
    return {str(holder["concurrency"]["group"]) for holder in holders if "concurrency" in holder}


def a_deployment_that_waits_is_superseded(folder: Folder) -> Iterator[str]:
    """GitHub takes a run that waits for its approval for a running one; it would block every later one."""
    job = Job("deploy.yml", "supersede", folder.workflows["deploy.yml"]["jobs"].get("supersede", {}))
    if job.position("gw github supersede") == len(job.steps) or job.body.get("needs") != "synthesise":
        yield f"{job}: cancels no older run that waits"
    if job.permissions != {"actions": "write", "contents": "read"}:
        yield f"{job}: may {job.permissions}"
    plan = Job("plan.yml", "plan", folder.workflows["plan.yml"]["jobs"]["plan"])
    if not plan.position("gw plan outputs") < plan.position("gw github newest") < len(plan.steps):
        yield f"{plan}: does not say whether a newer commit is on main"
    for each in folder.calling("apply.yml"):
        if f"needs.{each.body.get('needs')}.outputs.newest != 'false'" not in each.body["if"]:
            yield f"{each}: asks for an approval of what is stale"


def forks_are_not_planned(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if "pull_request" in folder.workflows[job.file]["on"] and job.may("id-token"):
            condition = str(job.body.get("if", ""))
            if OWN_REPOSITORY not in condition or "dependabot[bot]" not in condition or "||" in condition:
                yield f"{job}: is not skipped for forks and Dependabot"


def trusted_workflows_are_called_at_main(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        uses = str(job.body.get("uses", ""))
        if re.search(r"/(plan|apply|release)\.yml", uses) and not OURS.fullmatch(uses):
            yield f"{job}: calls {uses}, which no role trusts"


def every_job_has_a_time_limit(folder: Folder) -> Iterator[str]:
    for job in folder.jobs:
        if job.steps and not 0 < int(job.body.get("timeout-minutes", 0)) <= 120:
            yield f"{job}: has no time limit"
        # Only these two come from main and run no pull request's code, and so may reach into a VPC.
        wanted = RUNNERS if str(job) in {"plan.yml: plan", "apply.yml: apply"} else "ubuntu-24.04"
        if job.steps and job.body["runs-on"] != wanted:
            yield f"{job}: runs on {job.body['runs-on']}"


def only_tags_on_main_are_deployed(folder: Folder) -> Iterator[str]:
    deploy = folder.workflows["deploy.yml"]
    job = Job("deploy.yml", "synthesise", deploy["jobs"]["synthesise"])
    if not job.position("git merge-base --is-ancestor HEAD refs/remotes/origin/main") < job.position("gw synth"):
        yield f"{job}: deploys tags from anywhere"
    if deploy["on"] != {"push": {"branches": ["main"], "tags": ["v*"]}}:
        yield f"deploy.yml: starts on {deploy['on']}"


def only_commits_on_main_get_credentials(folder: Folder) -> Iterator[str]:
    """A tag brings its own deploy.yml, but not its own plan.yml, apply.yml and release.yml."""
    trusted = (("plan.yml", "plan"), ("apply.yml", "apply"), ("release.yml", "build"), ("release.yml", "charts"))
    for file, name in trusted:
        job = Job(file, name, folder.workflows[file]["jobs"][name])
        checked = job.position("git merge-base --is-ancestor HEAD refs/remotes/origin/main")
        (checkout,) = job.using("actions/checkout")
        if checked != 1 or checkout["with"].get("fetch-depth") != 0:
            yield f"{job}: runs what is not on main"


def pull_requests_and_deployments_are_checked(folder: Folder) -> Iterator[str]:
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
    if "merge_group" not in folder.workflows["pull-request.yml"]["on"]:
        yield "pull-request.yml: a merge queue would wait for ready without an end"


def the_report_is_written_even_if_a_plan_fails(folder: Folder) -> Iterator[str]:
    report = folder.workflows["pull-request.yml"]["jobs"]["report"]
    event = "github.event_name == 'pull_request'"
    wanted = f"${{{{ !cancelled() && {event} && needs.synthesise.result == 'success' }}}}"
    plans = {name for name in folder.workflows["pull-request.yml"]["jobs"] if name.startswith("plan-")}
    if report["if"] != wanted or not plans <= set(report["needs"]):
        yield "pull-request.yml: report does not wait for plans, or not run where one failed"


def applies_get_their_plans_from_a_job_before(folder: Folder) -> Iterator[str]:
    """The output of a job that is not waited for is an empty text on GitHub."""
    for job in folder.jobs:
        if "/apply.yml@" in str(job.body.get("uses", "")):
            plans = re.fullmatch(r"\$\{\{ needs\.([\w-]+)\.outputs\.plans \}\}", str(job.body["with"]["plans"]))
            if not plans or plans[1] not in job.needs:
                yield f"{job}: applies what no job before it planned"


def only_what_main_judged_needs_no_approval(folder: Folder) -> Iterator[str]:
    """A job of <environment>-auto has no reviewers; every other apply waits for them."""
    for job in folder.calling("apply.yml"):
        judged = "needs.plan.outputs.auto == 'true'" in str(job.body.get("if")) and "plan" in job.needs
        suffix = job.body["with"].get("suffix", "")
        if suffix not in {"", "-auto"} or (suffix == "-auto") != judged:
            yield f"{job}: its suffix is {suffix!r}"
    steps = folder.workflows["apply.yml"]["jobs"]["apply"]["steps"]
    if "${AUTO:+--auto}" not in steps[-1]["run"]:
        yield "apply.yml: does not tell the gate that nobody approved"


def a_run_with_waiting_stacks_fails(folder: Folder) -> Iterator[str]:
    jobs = folder.workflows["deploy-environment.yml"]["jobs"]
    last = jobs.get("nothing-waits", {})
    if (
        set(last.get("needs", ())) != set(jobs) - {"nothing-waits", "waits", "apply-auto"}
        or last.get("if") != STILL_WAITS
    ):
        yield "deploy-environment.yml: ends well where stacks still wait"
    if not all("exit 1" in step["run"] for step in last.get("steps", ())):
        yield "deploy-environment.yml: nothing-waits does not fail"


def every_environment_is_listed(folder: Folder) -> Iterator[str]:
    """GitHub reads the names from the workflow files, where they have to be those of environments/*.yaml on AWS."""
    environments = load_all(Path(__file__).parents[2] / "environments")
    wanted = sorted(known.name for known in environments if known.target == "aws")
    for where, key, listed in _lists_of_environments(folder):
        if sorted(listed) != wanted:
            yield f"{where}: lists {', '.join(listed)}; write `{key}: [{', '.join(wanted)}]`"
    for file in folder.workflows:
        callers = [job for job in folder.calling("plan.yml", "deploy-environment.yml") if job.file == file]
        named = sorted(name for job in callers if not (name := str(job.body["with"]["environment"])).startswith("${{"))
        if named and named != wanted:
            yield f"{file}: has jobs for {', '.join(named)}; it needs one for each of {', '.join(wanted)}"


def _lists_of_environments(folder: Folder) -> Iterator[tuple[str, str, list[str]]]:
    """Where, key and names of every list of environments in the files."""
    for job in folder.jobs:
        if names := job.body.get("strategy", {}).get("matrix", {}).get("environment"):
            yield str(job), "environment", names
    for file, workflow in folder.workflows.items():
        events = workflow["on"] if isinstance(workflow["on"], Mapping) else {}
        for event, about in events.items():
            inputs = about.get("inputs", {}) if isinstance(about, Mapping) else {}
            if options := inputs.get("environment", {}).get("options"):
                yield f"{file}: {event}", "options", options


def destroying_is_confirmed_twice(folder: Folder) -> Iterator[str]:
    workflow = folder.workflows["destroy.yml"]
    if set(workflow["on"]) != {"workflow_dispatch"}:
        yield "destroy.yml: is not started only by hand"
    first = workflow["jobs"]["synthesise"]["steps"][0]
    if '"$CONFIRM" == "$STACK"' not in first.get("run", ""):
        yield "destroy.yml: what is typed is not compared first"
    destroy = workflow["jobs"]["destroy"]
    if "/deploy-environment.yml" not in destroy["uses"] or destroy["needs"] != "synthesise":
        yield "destroy.yml: nobody approves"


def releases_are_signed(folder: Folder) -> Iterator[str]:
    job = Job("release.yml", "attest", folder.workflows["release.yml"]["jobs"]["attest"])
    if not (job.using("actions/attest-build-provenance") and job.using("actions/attest")):
        yield f"{job}: no provenance or no SBOM is signed"
    for name, before in (("push", "attest"), ("charts", "push")):
        if before not in folder.workflows["release.yml"]["jobs"][name]["needs"]:
            yield f"release.yml: {name} publishes what is not signed"


def releases_are_audited(folder: Folder) -> Iterator[str]:
    job = Job("release.yml", "build", folder.workflows["release.yml"]["jobs"]["build"])
    if not job.position("make audit") < job.position("make release"):
        yield f"{job}: releases packages whose licences and vulnerabilities nobody looked at"


def updates_wait_a_week(folder: Folder) -> Iterator[str]:
    updates = load(folder.path / "dependabot.yml")["updates"]
    for missing in {"pip", "npm", "gomod", "github-actions"} - {update["package-ecosystem"] for update in updates}:
        yield f"dependabot.yml: does not update {missing}"
    for update in updates:
        if update.get("cooldown", {}).get("default-days", 0) < 7:
            yield f"dependabot.yml: {update['package-ecosystem']} does not wait"
        if not update.get("groups"):
            yield f"dependabot.yml: {update['package-ecosystem']} has no group"


def security_decisions_have_their_own_owners(folder: Folder) -> Iterator[str]:
    lines = (folder.path / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owned = [line.split() for line in lines if line and not line.startswith("#")]
    everybody = next((owners for path, *owners in owned if path == "*"), [])
    root = Path(__file__).parents[2]
    for path in RUNS_WITH_CREDENTIALS:
        # The last line that matches counts.
        owners = next((owners for line, *owners in reversed(owned) if line == "*" or _covers(line, path)), [])
        if not owners or owners == everybody:
            yield f"CODEOWNERS: nobody owns {path}"
    for path, *_ in owned:
        if path != "*" and not list(root.glob(path.strip("/"))):
            yield f"CODEOWNERS: {path} does not exist"


def _covers(pattern: str, path: str) -> bool:
    return fnmatchcase(path, pattern) or (pattern.endswith("/") and path.startswith(pattern))


def exceptions_have_reasons(folder: Folder) -> Iterator[str]:
    for file, lines in folder.text():
        for number, line in enumerate(lines):
            for rule in re.findall(r"zizmor: ignore\[([\w-]+)\]", line):
                if not any(EXCEPTIONS.get(rule, "\0") in text for text in lines[max(0, number - 4) : number]):
                    yield f"{file}: {rule} is ignored without its reason"


RULES: tuple[Rule, ...] = (
    every_action_is_pinned,
    permissions_are_granted_per_job,
    jobs_with_an_identity_write_nothing_on_github,
    only_known_jobs_sign_in,
    pull_requests_code_runs_without_rights,
    the_plan_job_runs_only_merged_code,
    only_allowed_events_start_a_workflow,
    checkouts_do_not_keep_their_token,
    no_expression_is_part_of_a_command,
    secrets_are_not_passed_on,
    the_secret_reaches_no_code_of_a_pull_request,
    nothing_is_installed_without_its_hash,
    jobs_install_only_what_they_need,
    no_cache_is_restored,
    no_plan_becomes_an_artifact,
    artifacts_are_known_by_their_number,
    findings_go_to_the_commit_that_has_them,
    applies_of_an_environment_wait_for_each_other,
    forks_are_not_planned,
    trusted_workflows_are_called_at_main,
    every_job_has_a_time_limit,
    only_tags_on_main_are_deployed,
    only_commits_on_main_get_credentials,
    pull_requests_and_deployments_are_checked,
    the_required_check_waits_for_all,
    the_report_is_written_even_if_a_plan_fails,
    applies_get_their_plans_from_a_job_before,
    only_what_main_judged_needs_no_approval,
    a_run_with_waiting_stacks_fails,
    every_environment_is_listed,
    a_deployment_that_waits_is_superseded,
    destroying_is_confirmed_twice,
    releases_are_signed,
    releases_are_audited,
    updates_wait_a_week,
    security_decisions_have_their_own_owners,
    exceptions_have_reasons,
)


def problems(path: Path) -> list[str]:
    """Everything in a `.github` folder that breaks the checklist."""
    folder = Folder(path)
    return [problem for rule in RULES for problem in rule(folder)]
