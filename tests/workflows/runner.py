"""Replaces third-party actions, and gives each step its job's variables, when `act` runs a workflow.

It uses the standard library only, because it starts for every step. The fake GitHub decides what a job gets.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import warm_gw

RUN = Path(os.environ["GROUNDWORK_RUN"])
"""The folder of the run: `run.json`, artifacts, summaries."""
ABOUT = json.loads((RUN / "run.json").read_text())
TOKEN = "the token of the job"
"""The value of `github.token` in act, which has one token for all jobs."""
PATIENCE = 300.0  # seconds that a job waits for an approval


def job() -> dict[str, Any]:
    """`waiting`, `environment` and `variables` of the job that this step belongs to."""
    name, environment = os.environ["GITHUB_JOB"], os.environ.get("ENVIRONMENT", "") + os.environ.get("AUTO", "")
    jobs = [known for key, known in ABOUT["jobs"].items() if key in {f"{name}:{environment}", f"{name}:"}]
    # A step without ENVIRONMENT belongs to a job that exists once in the run, whatever its environment.
    jobs += [known for key, known in ABOUT["jobs"].items() if not environment and key.startswith(f"{name}:")]
    if not jobs:
        sys.exit(f"the run has no job {name} for {environment or 'no environment'}: {sorted(ABOUT['jobs'])}")
    where = jobs[0][_turn(f"{name}:{environment}")]
    query = urllib.parse.urlencode(where["matrix"])
    url = f"{ABOUT['github']}/_fake/runs/{ABOUT['run']}/{where['path']}?{query}"
    return dict(_get(url, ABOUT["control"]))


def _turn(name: str) -> int:
    """The number of this job among the jobs of its name, which run one after the other, each in its own folder."""
    places = RUN / f"places-{name.replace(':', '-')}.txt"
    known = places.read_text().splitlines() if places.is_file() else []
    if (here := os.environ["GITHUB_WORKSPACE"]) not in known:
        places.write_text("".join(f"{place}\n" for place in [*known, here]))
        return len(known)
    return known.index(here)


def _get(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def action_input(name: str) -> str:
    """An input of the action, or an empty text."""
    return os.environ.get(f"INPUT_{name}", "")


# ── actions ────────────────────────────────────────────────────────────────────────────────────────
def checkout() -> None:
    """Check out the commit. As the first step of a job, it waits until GitHub would let the job start."""
    end = time.monotonic() + PATIENCE
    while (mine := job())["waiting"]:
        if time.monotonic() > end:
            sys.exit("nobody approved in time")
        time.sleep(0.2)
    ref = action_input("REF") or mine["environment"]["GITHUB_SHA"]
    url = f"file://{ABOUT['origin']}"
    git("init", "-q", "-b", "unborn")
    git("remote", "add", "origin", url)
    if action_input("FETCH_DEPTH") == "0":
        git("fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", ref)
    else:
        git("fetch", "-q", "--depth", "1", "origin", ref)
    git("checkout", "-q", "--detach", "FETCH_HEAD" if action_input("FETCH_DEPTH") != "0" else _commit(ref))
    exclude = Path(".git/info/exclude")
    for name in (".venv", "node_modules", "tools", "package.json"):
        if not Path(name).exists():
            Path(name).symlink_to(Path(ABOUT["machine"]) / name)
            exclude.write_text(f"{exclude.read_text()}/{name}\n")
    note(f"checkout {ref} depth {action_input('FETCH_DEPTH')} head {git('rev-parse', 'HEAD')}")


def _commit(ref: str) -> str:
    return ref if re.fullmatch("[0-9a-f]{40}", ref) else f"refs/remotes/origin/{ref}"


def setup_python() -> None:
    """Do nothing, because tests use the Python that runs them."""


def upload_artifact() -> None:
    source, into = Path(action_input("PATH")), RUN / "artifacts" / action_input("NAME")
    hidden = action_input("INCLUDE_HIDDEN_FILES") == "true"
    count = 0
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        inner = path.relative_to(source)
        if path.is_file() and (hidden or not any(part.startswith(".") for part in inner.parts)):
            (into / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, into / inner)
            count += 1
    if not count and action_input("IF_NO_FILES_FOUND") == "error":
        sys.exit(f"no files in {source}")
    number = zlib.crc32(action_input("NAME").encode())
    if count:
        into.with_name(f"{number}.name").write_text(into.name)
        with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
            file.write(f"artifact-id={number}\n")
    note(f"uploaded {count} files of {source} as {action_input('NAME')}")


def download_artifact() -> None:
    folder = RUN / "artifacts" / f"{action_input('ARTIFACT_IDS')}.name"
    if not action_input("ARTIFACT_IDS") or not folder.is_file():
        sys.exit(f"no artifact {action_input('ARTIFACT_IDS')}")
    shutil.copytree(RUN / "artifacts" / folder.read_text(), Path(action_input("PATH")), dirs_exist_ok=True)


def configure_aws_credentials() -> None:
    """Exchange an OIDC token of the job for credentials of the role, as AWS's action does."""
    mine = job()
    role, region = _filled(action_input("ROLE_TO_ASSUME"), mine), _filled(action_input("AWS_REGION"), mine)
    environ = mine["environment"]
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in environ:
        note("refused: no id-token")
        sys.exit("Credentials could not be loaded: the job has no permission id-token: write")
    url = f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sts.amazonaws.com"
    try:
        token = _get(url, environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])["value"]
        query = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": role,
            "RoleSessionName": "GitHubActions",
            "WebIdentityToken": token,
        }
        data = urllib.parse.urlencode(query).encode()
        with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], data=data, timeout=60) as answer:  # noqa: S310
            response = answer.read().decode()
    except urllib.error.HTTPError as refused:
        text = refused.read().decode()
        note(f"refused: {role}: {text}")
        sys.exit(f"Could not assume role with OIDC: {text}")
    keys = {
        "AWS_ACCESS_KEY_ID": "AccessKeyId",
        "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
        "AWS_SESSION_TOKEN": "SessionToken",
    }
    credentials = {name: re.findall(f"<{tag}>(.*?)</{tag}>", response, re.DOTALL)[0] for name, tag in keys.items()}
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in credentials.items())
        file.write(f"AWS_REGION={region}\nAWS_DEFAULT_REGION={region}\n")
    note(f"signed in as {role}")


def _filled(text: str, mine: dict[str, Any]) -> str:
    """Replace `@NAME` by the job's own variable, because act has one set of variables for all jobs."""
    return str(mine["variables"].get(text[1:], "")) if text.startswith("@") else text


def sbom_action() -> None:
    Path(action_input("OUTPUT_FILE")).write_text("{}")


def attest() -> None:
    """Note what would be signed; as with Sigstore, the job needs an identity."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in job()["environment"]:
        sys.exit("the job has no permission id-token: write")
    lines = Path(action_input("SUBJECT_CHECKSUMS")).read_text().splitlines()
    subjects = [match[1] for line in lines if (match := re.fullmatch(r"[0-9a-f]{64} [ *](\S+)", line))]
    if not subjects or len(subjects) != len(lines):
        sys.exit(f"no subjects: {action_input('SUBJECT_CHECKSUMS')}")
    note(f"attested {'the SBOM' if action_input('SBOM_PATH') else 'the origin'} of {', '.join(subjects)}")


def upload_sarif() -> None:
    note(f"uploaded SARIF of {action_input('REF')} at {action_input('SHA')}")
    shutil.copytree(action_input("SARIF_FILE"), RUN / "sarif", dirs_exist_ok=True)


# ── gw ─────────────────────────────────────────────────────────────────────────────────────────────
def gw(*words: str) -> None:
    """The real `gw` with the variables of the job; it has the job's token only if the step has `github.token`."""
    environ = job()["environment"]
    if os.environ.get("GITHUB_TOKEN") != TOKEN:
        environ.pop("GITHUB_TOKEN")
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    # The embedded AWS has no registry to push charts to; tests/charts publishes them.
    recorded = words[:2] == ("charts", "publish")
    code = (
        0
        if recorded
        else warm_gw.ask(Path(ABOUT["gw"]), words, cwd=Path.cwd(), environ={**os.environ, **environ}, streams=(0, 1, 2))
    )
    credentials = "with credentials" if "AWS_ACCESS_KEY_ID" in os.environ else "without credentials"
    note(f"gw {' '.join(words)} {credentials} ended {code}")
    if words[:2] == ("plan", "push") and not code:
        plans = Path(".groundwork/plans/plans.json")
        shutil.copyfile(plans, RUN / f"plans-{os.environ['ENVIRONMENT']}.json")
    if summary and Path(summary).is_file() and (text := Path(summary).read_text()):
        with (RUN / "summary.md").open("a") as file:  # GitHub shows those of all steps
            file.write(text)
    sys.exit(code)


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"git {' '.join(words)}: {done.stderr}")
    return done.stdout.strip()


def note(text: str) -> None:
    """Record for the test which job did what."""
    environment = os.environ.get("ENVIRONMENT", "") + os.environ.get("AUTO", "")
    name = os.environ["GITHUB_JOB"] + (f":{environment}" if environment else "")
    with (RUN / "notes.txt").open("a") as file:
        file.write(f"{name}: {text}\n")


ACTIONS = {
    "checkout": checkout,
    "setup-python": setup_python,
    "upload-artifact": upload_artifact,
    "download-artifact": download_artifact,
    "configure-aws-credentials": configure_aws_credentials,
    "upload-sarif": upload_sarif,
    "sbom-action": sbom_action,
    "attest-build-provenance": attest,
    "attest": attest,
}

if __name__ == "__main__":
    if sys.argv[1] == "gw":
        gw(*sys.argv[2:])
    elif sys.argv[1] in {"aws", "skopeo"}:
        signed_in = "with" if "AWS_ACCESS_KEY_ID" in os.environ else "without"
        note(f"{' '.join(sys.argv[1:])} {signed_in} credentials")
        if sys.argv[2] == "inspect" and sys.argv[-1].startswith("docker://"):
            sys.exit("manifest unknown")
    else:
        ACTIONS[sys.argv[1]]()
