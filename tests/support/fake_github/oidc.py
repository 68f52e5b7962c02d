"""The OIDC provider of Actions: tokens with GitHub's claims, signed by the fake's own key."""

from __future__ import annotations

import time
import uuid
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.fake_github.runs import RunJob
from tests.support.fake_github.state import State

ISSUER = "https://token.actions.githubusercontent.com"


@lru_cache(maxsize=1)
def _key() -> RSAKey:
    """The key that all fakes of a process share, because making it takes longer than everything else they do."""
    return RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)


class Signer:
    """Signs tokens with an RSA key and publishes that key."""

    def __init__(self) -> None:
        self._key = _key()

    def jwks(self) -> dict[str, Any]:
        """The public key as GitHub publishes it."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def sign(self, claims: dict[str, Any]) -> str:
        """A signed token."""
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self._key.kid}, claims, self._key)


def claims(state: State, run_job: RunJob, audience: str) -> dict[str, Any]:
    """The claims of a job's token; source: GitHub docs, "OpenID Connect reference"."""
    run, job = run_job.run, run_job.job
    now = int(time.time())
    workflow_ref = f"{state.repository}/{run.workflow.file}@{run.ref}"
    made = {
        "jti": str(uuid.uuid4()),
        "iss": ISSUER,
        "aud": audience or f"https://github.com/{state.owner}",
        "sub": f"{subject_prefix(state)}:{_context(run_job)}",
        "iat": now,
        "nbf": now - 300,
        "exp": now + 300,
        "ref": run.ref,
        "ref_type": "tag" if run.ref.startswith("refs/tags/") else "branch",
        "ref_protected": str(run.ref == "refs/heads/main").lower(),
        "sha": run.sha,
        "head_ref": run.head_ref,
        "base_ref": "main" if run.pull_request is not None else "",
        "repository": state.repository,
        "repository_id": str(state.repository_id),
        "repository_owner": state.owner,
        "repository_owner_id": str(state.owner_id),
        "repository_visibility": "private" if state.private else "public",
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "runner_environment": "github-hosted",
        "actor": run.actor,
        "actor_id": str(sum(run.actor.encode())),
        "event_name": run.event,
        "workflow": run.workflow.name,
        "workflow_ref": workflow_ref,
        "workflow_sha": run.sha,
        # The file that holds the job, which differs from workflow_ref in a called workflow.
        "job_workflow_ref": f"{state.repository}/{job.file}@{job.ref or run.ref}",
        "job_workflow_sha": run.sha,
    }
    return made | ({"environment": run_job.environment} if run_job.environment else {})


def subject_prefix(state: State) -> str:
    """How `sub` begins; repositories made after 15 July 2026 carry their numbers in it."""
    if not state.immutable_subject:
        return f"repo:{state.repository}"
    name = state.repository.split("/")[1]
    return f"repo:{state.owner}@{state.owner_id}/{name}@{state.repository_id}"


def _context(run_job: RunJob) -> str:
    if run_job.environment:
        return f"environment:{run_job.environment.replace(':', '%3A')}"
    if run_job.run.pull_request is not None:
        return "pull_request"
    return f"ref:{run_job.run.ref}"
