"""The environment in which cdktf, Terraform and Python run for one checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from groundwork.paths import Project
from groundwork.toolchain import cli_config, providers
from groundwork.toolchain.terraform import Terraform


def environment(
    environ: Mapping[str, str], project: Project, terraform: Terraform, *, mirror: Path | None = None
) -> dict[str, str]:
    """`environ` with what every child process needs: this checkout's programs first on PATH, Terraform, its settings.

    Writes a Terraform CLI configuration into the work folder, unless the user's own decides where providers come from.
    """
    config = cli_config.write(environ, project.work / "terraform.tfrc", providers.sources(environ, project, mirror))
    # The launcher `cdktf` in .venv has to come before the one that npm installs.
    ours = [str(folder) for folder in (project.venv / "bin", project.work / "bin", project.node_modules / ".bin")]
    rest = [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder and folder not in ours]
    made = {
        **environ,
        "PATH": os.pathsep.join([*ours, *rest]),
        "TERRAFORM_BINARY_NAME": str(terraform.path),
        "TF_CLI_CONFIG_FILE": str(config),
        "CHECKPOINT_DISABLE": "1",  # neither Terraform nor cdktf checks for updates or sends telemetry
        "JSII_NODE": str(project.venv / "bin" / "node"),
        # Terraform and its provider decode 1,500 schemas per run and end: with Go's garbage collector at a quarter of
        # its usual rate a plan takes a fifth less of the processor and 200 MB more. Beyond that it gains nothing.
        "GOGC": environ.get("GOGC", "400"),
    }
    if config.is_relative_to(project.work):
        # Stacks link to one unpacked copy; a plugin cache would only make several of them write at once.
        made.pop("TF_PLUGIN_CACHE_DIR", None)
        made["CDKTF_DISABLE_PLUGIN_CACHE_ENV"] = "1"
    return made
