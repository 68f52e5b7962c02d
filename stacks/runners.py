"""GitHub Actions runners inside the VPC, for what GitHub's own machines cannot reach: a private cluster endpoint."""

from __future__ import annotations

from cdktf import TerraformOutput, Token
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.pipeline.github_runner import GithubRunner
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class RunnersStack(PlatformStack):
    """A stack of its own, because the VPC does not exist when the delivery stack is made.

    Raises IllegalComposition without `delivery.runners` or without a repository whose jobs it runs.
    """

    def __init__(self, scope: Construct, environment: Environment, *, network: NetworkStack) -> None:
        values, repository = environment.delivery.runners, environment.singletons.github_repository
        if values is None:
            raise IllegalComposition("delivery.runners", "is empty", "leave the runners stack out, or fill it in")
        if not repository:
            raise IllegalComposition(
                "singletons.github_repository", "is empty: whose jobs should run here?", "name the repository"
            )
        super().__init__(scope, environment, "runners")
        self.runner = GithubRunner(
            self,
            "runner",
            names=self.names,
            values=values,
            repository=repository,
            vpc_id=network.vpc_id,
            subnet_ids=[Token.as_string(subnet) for subnet in network.private_subnet_ids],
        )
        TerraformOutput(self, "label", value=self.names.runner_label, description="Begins runs-on")
