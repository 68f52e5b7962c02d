"""IAM role for jobs of one GitHub environment that run one reviewed workflow: no keys, and nobody else's jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Conditions, Principal, Statement, policy_document

_ISSUER = "token.actions.githubusercontent.com"


class GithubRole(Construct):
    """A role that a job assumes by GitHub's OIDC token.

    `subject` is the repository as tokens name it, where that is with numbers (`owner@1/name@2`).

    The token must be for AWS (`aud`), of a job of `repository` in one of GitHub's `environments` (`sub`; GitHub docs,
    "OpenID Connect reference": `repo:ORG/NAME:environment:ENVIRONMENT` for a job that names one), and of the workflow
    file `workflow` as it is on main (`job_workflow_ref`, a claim that STS checks), so that a branch cannot bring a
    workflow of its own, nor can whoever may push a tag. `session_minutes` is the longest session. Permissions are added
    by `allow` and `attach_all`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        oidc_provider_arn: str,
        repository: str,
        subject: str | None = None,
        environments: Sequence[str],
        workflow: str,
        session_minutes: int = 60,
        permissions_boundary: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if any(sign in f"{subject}{repository}{environments}{workflow}" for sign in "*?"):
            raise IllegalComposition(
                "repository",
                f"{repository} {' '.join(environments)} {workflow}: a pattern lets others in",
                "name each exactly",
            )
        file = f"{repository}/.github/workflows/{workflow}"
        self.role = IamRole(
            self,
            "role",
            name=name,
            description=description,
            max_session_duration=session_minutes * 60,
            permissions_boundary=permissions_boundary,
            assume_role_policy=policy_document(
                Statement(
                    sid="GithubJobSignsIn",
                    principal=Principal(federated=[oidc_provider_arn]),
                    actions=["sts:AssumeRoleWithWebIdentity"],
                    conditions=_conditions(subject or repository, environments, file),
                )
            ),
        )

    def allow(self, id_: str, *statements: Statement) -> IamRolePolicy:
        """Add an inline policy called `id_` that holds the statements."""
        return IamRolePolicy(self, id_, name=id_, role=self.role.id, policy=policy_document(*statements))

    def attach_all(self, policies: Mapping[str, IamPolicy]) -> None:
        """Attach policies that several roles share, or that are too large to be inline, by the attachment's id."""
        for id_, policy in policies.items():
            IamRolePolicyAttachment(self, id_, role=self.role.name, policy_arn=policy.arn)


def _conditions(subject: str, environments: Sequence[str], file: str) -> Conditions:
    subjects = [f"repo:{subject}:environment:{environment}" for environment in environments]
    return {
        "StringEquals": {
            f"{_ISSUER}:aud": "sts.amazonaws.com",
            f"{_ISSUER}:sub": subjects[0] if len(subjects) == 1 else subjects,
            f"{_ISSUER}:job_workflow_ref": f"{file}@refs/heads/main",
        }
    }
