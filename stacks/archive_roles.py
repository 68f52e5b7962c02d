"""The archive account's roles for the pipeline: made by a person, since nobody else may enter that account."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.pipeline.archive_access import ArchiveRole, archive_reads, archive_writes
from stacks.platform_stack import PlatformStack
from stacks.values import Environment, Names


class ArchiveRolesStack(PlatformStack):
    """Made by `gw bootstrap` with `accounts.archive.bootstrap_role`; the pipeline reads it for drift.

    Without `singletons.github_repository` there is no pipeline, and the roles are left out.
    """

    is_bootstrap_stack = True

    def __init__(self, scope: Construct, environment: Environment) -> None:
        names = Names(environment)
        super().__init__(
            scope, environment, "archive-roles", in_archive_account=True, role_arn=names.archive_roles_role_arn
        )
        if not environment.singletons.github_repository:
            return
        ArchiveRole(
            self,
            "plan",
            names=names,
            name=names.archive_plan_role,
            description=f"Plans of {names.prefix} read the settings of its archive",
            callers=["plan", "plan-pull-request", "apply"],
            statements=archive_reads(names),
        )
        ArchiveRole(
            self,
            "deploy",
            names=names,
            name=names.archive_deploy_role,
            description=f"Applies of {names.prefix} make its archive",
            callers=["apply"],
            statements=[*archive_reads(names), *archive_writes(names)],
        )
