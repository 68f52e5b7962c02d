"""`gw setup`: runs set-up, like `make setup`."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def setup(
        target: str = typer.Argument(
            "setup", help="What to install for: setup (everything), demo, check, test, bench."
        ),
    ) -> None:
        """Install what is missing: Python packages, cdktf-cli, Terraform and its providers, tools. Quick when done."""
        import os
        from pathlib import Path

        from groundwork.cli import console
        from groundwork.paths import Project
        from groundwork.toolchain import process

        project = Project.find(Path.cwd())
        command = [str(project.tools / "setup.sh"), target]
        done = process.run(
            command, cwd=project.root, environ=os.environ, on_line=lambda line: console.note(console.escape(line))
        )
        if not done.ok:
            raise typer.Exit(done.code)
