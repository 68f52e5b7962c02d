"""The workflow files pass the security checklist, and breaking any of its lines is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from groundwork.github.settings import REQUIRED_CHECK, desired
from stacks.platform import PLATFORM
from stacks.values.delivery import Workflows
from tests.workflows import checklist
from tests.workflows.checklist import RULES, Folder, problems

SHA = "de0fac2e4500dabe0009e67214ff5f5447ce83dd"
DEADLOCK = "jobs:\n  plan:\n    concurrency: {group: environment-dev}\n"
BREAKS = [
    ("pull-request.yml", f"@{SHA} # v6.0.2", "@v6 # v6.0.2", "not pinned"),
    ("pull-request.yml", f"@{SHA} # v6.0.2", f"@{SHA}", "not pinned"),
    ("deploy-environment.yml", "plan.yml@main", "plan.yml@mine", "which no role trusts"),
    ("deploy.yml", "\npermissions: {}", "\npermissions: {contents: read}", "permissions of the whole file"),
    ("plan.yml", "    permissions:\n      contents: read\n      id-token: write\n", "", "has no permissions"),
    ("pull-request.yml", "    permissions: {}", "    permissions: write-all", "takes write-all"),
    (
        "plan.yml",
        "      id-token: write",
        "      id-token: write\n      pull-requests: write",
        "may write pull-requests",
    ),
    ("apply.yml", "pull-requests: read", "pull-requests: write", "may write pull-requests"),
    ("pull-request.yml", "      contents: read", "      contents: read\n      id-token: write", "has an identity"),
    ("apply.yml", "      id-token: write\n", "", "lacks an identity"),
    (
        "apply.yml",
        "    environment: ${{ inputs.environment }}${{ inputs.suffix }}\n",
        "",
        "signs in without an environment",
    ),
    (
        "apply.yml",
        "    environment: ${{ inputs.environment }}${{ inputs.suffix }}\n",
        "    environment: dev\n",
        "not the one that is approved",
    ),
    (
        "pull-request.yml",
        "          ref: ${{ github.event.pull_request.base.sha }}\n",
        "",
        "runs the pull request's code",
    ),
    ("plan.yml", " && github.sha || 'main' }}", " && github.sha || github.sha }}", "something else than main"),
    ("plan.yml", "gw preflight --out cdktf.out", "true", "does not run preflight, then sign in"),
    (
        "plan.yml",
        "gw preflight --out cdktf.out",
        "gw preflight --out cdktf.out && gw synth",
        "synthesises where it can sign in",
    ),
    ("plan.yml", " --base base", "", "plans what a pull request does not change"),
    ("plan.yml", "-${{ inputs.kind }}\n", "\n", "not the plan's"),
    ("pull-request.yml", "  pull_request:\n", "  pull_request_target:\n", "starts on pull_request_target"),
    ("deploy.yml", 'tags: ["v*"]', 'tags: ["v*"]\n  workflow_run:', "starts on workflow_run"),
    ("apply.yml", "          persist-credentials: false\n", "", "keeps its token"),
    ("apply.yml", 'gw deploy "$TARGETS"', "gw deploy ${{ inputs.targets }}", "an expression in run"),
    (
        "pull-request.yml",
        "    with:\n      environment: dev",
        "    secrets: inherit\n    with:\n      environment: dev",
        "secrets: inherit",
    ),
    ("apply.yml", "${{ github.token }}", "${{ toJSON(secrets) }}", "toJSON(secrets)"),
    ("apply.yml", "GITHUB_TOKEN: ${{ github.token }}", "WEBHOOK: ${{ secrets.WEBHOOK }}", "an identity and a secret"),
    ("pull-request.yml", "GITHUB_TOKEN: ${{ github.token }}", "WEBHOOK: ${{ secrets.WEBHOOK }}", "to a pull request"),
    ("pull-request.yml", "- run: make check", "- run: pip install groundwork", "installs by itself"),
    ("apply.yml", "target: apply", "target: setup", "sets up setup, but needs apply"),
    ("result.yml", "target: github", "target: apply", "sets up apply, but needs github"),
    ("../actions/setup/action.yml", "${{ inputs.python }}", "'3.11'\n        cache: pip", "restores a cache"),
    ("plan.yml", "path: reported", "path: .groundwork/plans", "uploads .groundwork/plans"),
    ("plan.yml", "artifact-ids: ${{ inputs.synthesised }}", "name: synthesised", "by something else than its number"),
    (
        "pull-request.yml",
        "${{ needs.check.outputs.sarif }}",
        "${{ needs.newer-python.outputs.sarif }}",
        "does not wait for",
    ),
    ("release.yml", "path: dist\n", "path: dist\n          overwrite: true\n", "replaces an artifact"),
    (
        "pull-request.yml",
        "          ref: refs/pull/${{ github.event.pull_request.number }}/head\n",
        "",
        "another commit",
    ),
    (
        "pull-request.yml",
        "      actions: read # for the upload of SARIF in private repositories\n",
        "",
        "cannot upload",
    ),
    ("pull-request.yml", "gw github sarif sarif/checks.sarif", "true", "in any tool's name"),
    ("pull-request.yml", "steps.upload.outcome == 'failure'", "always()", "does not say that the upload failed"),
    (
        "deploy.yml",
        "          include-hidden-files: true # the providers' lock files\n",
        "",
        "loses the providers' lock",
    ),
    ("apply.yml", "      cancel-in-progress: false", "      cancel-in-progress: true", "concurrency is"),
    ("apply.yml", "      queue: max\n", "", "concurrency is"),
    (
        "deploy.yml",
        "permissions: {}\njobs:",
        "permissions: {}\nconcurrency: {group: x, cancel-in-progress: true}\njobs:",
        "cancels what runs",
    ),
    ("pull-request.yml", "  merge_group:\n", "", "a merge queue would wait"),
    (
        "pull-request.yml",
        "      github.event.pull_request.head.repo.full_name == github.repository\n      &&",
        "     ",
        "not skipped for forks",
    ),
    ("apply.yml", "    timeout-minutes: 120\n", "", "no time limit"),
    ("deploy.yml", "refs/remotes/origin/main", "HEAD", "deploys tags from anywhere"),
    ("plan.yml", "refs/remotes/origin/main", "HEAD", "runs what is not on main"),
    ("apply.yml", "          fetch-depth: 0\n", "", "runs what is not on main"),
    ("deploy.yml", "branches: [main]", "branches: ['**']", "starts on"),
    ("deploy.yml", "      - run: gw check --skip-synth --annotations\n", "", "do not gate it"),
    ("pull-request.yml", "      - run: gw preflight --canaries\n", "", "baked secrets"),
    ("pull-request.yml", "newer-python, synthesise, plan-dev", "synthesise, plan-dev", "does not wait"),
    ("deploy-environment.yml", "      suffix: -auto\n", "      suffix: -plan\n", "its suffix is '-plan'"),
    ("deploy-environment.yml", "outputs.auto == 'true'", "outputs.auto != 'x'", "its suffix is '-auto'"),
    ("apply.yml", "          ${AUTO:+--auto}\n", "", "does not tell the gate"),
    ("destroy.yml", '"$CONFIRM" == "$STACK" && ', "", "not compared first"),
    (
        "destroy.yml",
        "    uses: ./.github/workflows/deploy-environment.yml",
        "    uses: ./.github/workflows/d.yml",
        "nobody",
    ),
    ("release.yml", "      - run: make audit\n", "", "releases packages whose licences"),
    ("release.yml", "needs: [build, attest]", "needs: build", "push publishes what is not signed"),
    ("release.yml", "needs: [build, push]", "needs: [build]", "charts publishes what is not signed"),
    ("release.yml", "target: release", "target: github", "sets up github, but needs release"),
    ("../dependabot.yml", "cooldown: {default-days: 7}", "cooldown: {default-days: 3}", "does not wait"),
    ("../CODEOWNERS", "/groundwork/ ", "/groundworks/ ", "nobody owns /groundwork/"),
    ("../CODEOWNERS", "/Makefile ", "/stacks/ @acme/platform\n/Makefile ", "nobody owns /stacks/"),
    ("../CODEOWNERS", "/pyproject.toml ", "/pyproject.tom ", "nobody owns /pyproject.toml"),
    ("../CODEOWNERS", "/main.py ", "* @acme/platform\n/main.py ", "nobody owns /groundwork/"),
    ("pull-request.yml", "!cancelled() && github.event_name", "github.event_name", "not run where one failed"),
    ("deploy-environment.yml", "  apply:\n    needs: plan\n", "  apply:\n", "applies what no job before it planned"),
    ("deploy-environment.yml", "    needs: plan-waiting\n", "    needs: plan\n", "applies what no job"),
    (
        "deploy-environment.yml",
        "needs.plan-waiting.outputs.waiting",
        "needs.plan.outputs.changes",
        "ends well where stacks still wait",
    ),
    ("deploy-environment.yml", "          exit 1\n", "", "nothing-waits does not fail"),
    ("plan.yml", "|| 'ubuntu-24.04' }}", "|| 'dev-vpc' }}", "plan: runs on"),
    ("apply.yml", "-{1}-{2}'", "-{1}'", "apply: runs on"),
    ("pull-request.yml", "runs-on: ubuntu-24.04", "runs-on: dev-vpc", "check: runs on dev-vpc"),
    (
        "drift.yml",
        "environment: staging",
        "environment: dev",
        "has jobs for dev, dev, prod; it needs one for",
    ),
    ("pull-request.yml", "environment: prod", "environment: dev", "it needs one for each of dev, prod, staging"),
    ("destroy.yml", "[dev, staging, prod]", "[dev]", "workflow_dispatch: lists dev; write `options: [dev, prod, stag"),
    ("release.yml", "[dev, staging, prod]", "[prod, qa]", "push: lists prod, qa; write"),
    (
        "deploy.yml",
        "      environment: staging\n",
        "      environment: dev\n",
        "it needs one for each of dev, prod, staging",
    ),
    ("deploy.yml", "group: environment-prod", "group: environment-dev", "prod: concurrency is"),
    ("destroy.yml", "      queue: max\n", "", "destroy: concurrency is"),
    ("deploy-environment.yml", "jobs:\n  plan:\n", DEADLOCK, "dev: waits for itself in environment-dev"),
    ("deploy.yml", "run: gw github supersede", "run: 'true'", "cancels no older run"),
    ("deploy.yml", "      actions: write\n", "      actions: write\n      issues: write\n", "supersede: may"),
    ("plan.yml", "run: gw github newest", "run: echo", "whether a newer commit is on main"),
    ("deploy-environment.yml", " && needs.plan-waiting.outputs.newest != 'false'\n", "\n", "of what is stale"),
    (
        "plan.yml",
        "- run: gw preflight",
        "- run: gw preflight # zizmor: ignore[template-injection]\n      - run: gw preflight",
        "without",
    ),
]


@pytest.fixture(scope="session")
def github_folder(checkout: Path) -> Path:
    return checkout / ".github"


def test_the_workflow_files_pass_the_checklist(github_folder: Path) -> None:
    assert problems(github_folder) == []


@pytest.mark.parametrize(("file", "before", "after", "problem"), BREAKS, ids=[f"{b[0]}-{b[3]}" for b in BREAKS])
def test_breaking_a_line_is_noticed(
    github_folder: Path, tmp_path: Path, file: str, before: str, after: str, problem: str
) -> None:
    copy = Path(shutil.copytree(github_folder, tmp_path / ".github"))
    path = copy / "workflows" / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert [reported for reported in problems(copy) if problem in reported]


def test_every_rule_has_a_break_that_it_notices(github_folder: Path, tmp_path: Path) -> None:
    unbroken = {rule.__name__ for rule in RULES}
    for number, (file, before, after, _) in enumerate(BREAKS):
        copy = Path(shutil.copytree(github_folder, tmp_path / str(number)))
        path = copy / "workflows" / file
        path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
        unbroken -= {rule.__name__ for rule in RULES if list(rule(Folder(copy)))}
    assert unbroken == set()


def test_the_workflows_that_the_roles_trust_exist(github_folder: Path) -> None:
    trusted = Workflows()
    for file in (trusted.plan, trusted.apply, trusted.release):
        assert "workflow_call" in checklist.load(github_folder / "workflows" / file)["on"]


def test_main_requires_the_job_that_waits_for_all_others(github_folder: Path) -> None:
    assert Folder(github_folder).workflows["pull-request.yml"]["jobs"]["ready"]["name"] == REQUIRED_CHECK


def test_the_settings_allow_exactly_the_actions_that_are_used(github_folder: Path, checkout: Path) -> None:
    on_aws = [known for known in PLATFORM.environments(checkout / "environments") if known.target == "aws"]
    settings = desired("acme/groundwork", on_aws, github_folder / "workflows")
    assert settings.actions["actions/permissions/selected-actions"]["patterns_allowed"] == [
        "anchore/sbom-action@*",
        "aws-actions/configure-aws-credentials@*",
    ]
