"""`gw package`: the zips of the Lambda functions, and the locks they are made from."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def package(
        functions: Annotated[
            list[str] | None, typer.Argument(help="Folders of lambda_src/; all of them by default.")
        ] = None,
        runtime: Annotated[str, typer.Option(help="Lambda runtime, such as python3.13; default: this Python's.")] = "",
        architecture: Annotated[str, typer.Option(help="arm64 or x86_64; default: this machine's.")] = "",
        lock: Annotated[
            bool, typer.Option("--lock", help="Resolve requirements.in again and write requirements.txt first.")
        ] = False,
        json: Json = False,
    ) -> None:
        """Package Lambda functions: the same source and lock give the same bytes on any machine.

        Examples: `gw package`, `gw package populate --architecture arm64 --runtime python3.13`, `gw package --lock`.
        """
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.packaging import Target, build, host_target, write_lock
        from groundwork.packaging.function import FILE_NAME

        context = Context.here()
        source = context.project.lambda_src
        known = sorted(path.parent.name for path in source.glob(f"*/{FILE_NAME}"))
        unknown = sorted(set(functions or []) - set(known))
        if unknown:
            raise UsageError(f"no function {', '.join(unknown)} in {source}", fix=f"name one of {', '.join(known)}")
        target = host_target() if not (runtime and architecture) else Target(runtime, architecture)
        target = Target(runtime or target.runtime, architecture or target.architecture)
        made = []
        for name in functions or known:
            if lock:
                console.note(f"{name}: resolving requirements.in for every target")
                write_lock(source / name)
            made.append(build(source / name, target, out=context.project.work / "lambda"))
        if json:
            console.print_json([{"path": each.path, "sha256": each.sha256_base64, "size": each.size} for each in made])
        else:
            for each in made:
                console.say(f"{each.path} ({each.size / 1e6:.1f} MB, {len(each.files)} files) {each.sha256_base64}")
