"""`gw dev`: one of services/ for its developer, with reload and a database of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Laptop")
    def dev(
        service: Annotated[str, typer.Argument(metavar="SERVICE", help="A folder of services/, such as ledger.")],
        port: Annotated[int | None, typer.Option(help="Of loopback; default: the service's own.")] = None,
        database_url: Annotated[
            str, typer.Option(envvar="DATABASE_URL", help="A database to use; default: one that ends with the command.")
        ] = "",
        mongodb: Annotated[bool, typer.Option("--mongodb", help="Of two kinds of database, take MongoDB.")] = False,
    ) -> None:
        """Serve one service until Ctrl-C, anew after each change of its code.

        It gets a database, the secrets that it requires, which are printed, and an upstream that answers from memory.
        What is set in the environment stays. Examples: `gw dev ledger`, `gw dev users --mongodb`,
        `gw dev market --port 8081`
        """
        from groundwork.errors import ToolMissing, UsageError
        from groundwork.paths import Project
        from groundwork.toolchain import go_tools

        project = Project.find(Path.cwd())
        services = project.root / "services"
        known = sorted(path.parents[2].name for path in services.glob("*/src/*/main.py"))
        if service not in known:
            raise UsageError(f"no service {service} in {services}", fix=f"name one of {', '.join(known)}")
        python = services / ".venv" / "bin" / "python"
        if not python.exists():
            raise ToolMissing("the services' Python packages are not installed", fix="tools/setup.sh services")
        command = [str(python), "-m", "servicekit.dev", service]
        command += ["--port", str(port)] if port is not None else []
        command += ["--mongodb"] if mongodb else []
        if ferretdb := go_tools.find("ferretdb", os.environ, project):
            command += ["--ferretdb", str(ferretdb.path)]
        database = {"DATABASE_URL": database_url} if database_url else {}
        # In place of this process, so that Ctrl-C ends what the service started.
        os.chdir(services)
        os.execve(python, command, {**os.environ, **database})  # noqa: S606 (an argument list, no shell)
