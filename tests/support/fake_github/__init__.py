"""A fake GitHub on a loopback port: its API, its jobs' tokens and its OIDC provider."""

from tests.support.fake_github.fake import FakeGitHub
from tests.support.fake_github.runs import DeploymentNotAllowed, Run, RunJob
from tests.support.fake_github.state import Refusal
from tests.support.fake_github.workflows import WorkflowInvalid

__all__ = ["DeploymentNotAllowed", "FakeGitHub", "Refusal", "Run", "RunJob", "WorkflowInvalid"]
