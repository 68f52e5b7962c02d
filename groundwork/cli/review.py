"""`gw review`: what a change does to the Terraform of every stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from groundwork.cli import console
from groundwork.cli.arguments import Json
from groundwork.review.files import Format
from groundwork.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundwork.review.model import Review
    from groundwork.review.render.summary import RiskGroup

CHANGES = 20
HIGH = 22
_SHOWN = 12
"""Risks on the terminal; all of them are in the files."""
_COLOURS = {"high": "bold red", "medium": "yellow", "low": "dim"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def review(
        revisions: Annotated[
            str,
            typer.Argument(
                metavar="BASE..HEAD",
                help="Two commits; `main..` compares with the checkout as it is, `main...HEAD` with their fork.",
            ),
        ] = "HEAD..",
        format: Annotated[
            Format | None, typer.Option("--format", help="Write only this format, to standard output without --out.")
        ] = None,
        out: Annotated[
            Path | None, typer.Option("--out", help="Folder for the files, or the file of a single format.")
        ] = None,
        plans: Annotated[
            Path | None,
            typer.Option("--plans", help="Results of planning: a file of `gw diff --json`, or a folder of them."),
        ] = None,
        synthesised: Annotated[
            Path | None,
            typer.Option("--synthesised", file_okay=False, help="HEAD as cdktf wrote it; its code is not run here."),
        ] = None,
        json: Json = False,
    ) -> None:
        """Synthesise two commits without credentials and show what differs in Terraform, the risks first.

        Ends with 0 without differences, 20 with differences, 22 with a risk of high severity. Examples:
        `gw review main..HEAD`, `gw review main..`, `gw review main..HEAD --format markdown --out comment.md`
        """
        import tempfile

        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.review import authorship, checkout, files, isolation, make, unjudged
        from groundwork.review import plans as planned
        from groundwork.review import revisions as git
        from groundwork.review.charts import Charts
        from groundwork.review.rules import Policies

        if json and format not in {None, Format.JSON}:
            raise UsageError(f"--json and --format {format} exclude each other", fix="leave one of them out")
        context = Context.here()
        root, folder = context.project.root, context.project.work / "review"
        with tempfile.TemporaryDirectory() as scratch, console.bars() as bars:
            if synthesised:
                base, head = git.parse_foreign(revisions, root, scratch=Path(scratch))
            else:
                base, head = git.parse(revisions, root, scratch=Path(scratch))
            made = checkout.synthesise(
                [base] if synthesised else [base, head],
                root=root,
                store=folder / "synthesised",
                environ=context.environ,
                on_begin=lambda revision: bars.begin(revision.short, total=None, doing="synthesising"),
                on_end=lambda done: bars.end(
                    done.revision.short, "synthesised before" if done.cached else "synthesised"
                ),
            )
            known = sorted(path.stem for path in context.project.environments.glob("*.y*ml"))
            report, before, after = make.make(
                made[0].folder,
                checkout.copy_synthesised(synthesised, Path(scratch) / "head", environments=known)
                if synthesised
                else made[1].folder,
                names=(base.commit, head.commit),
                plans=lambda redactor: planned.read_all(plans, redactor) if plans else {},
                source=lambda path: git.text(head, root, path),
                policies=Policies.here(context.project, context.environ),
                charts=Charts.here(context.project, context.environ),
            )
            report = authorship.with_authors(report, base, head, root=root)
            releases = (made for stack in after.stacks.values() for made in stack.releases.values())
            rendered = {made.chart for made in releases if made.chart}
            report = report.model_copy(update={"unjudged": unjudged.find(base, head, root, rendered=rendered)})
        if why := isolation.problem():
            note = f"the code of both commits could read this user's files: {why}"
            console.note(f"[yellow]{console.escape(note)}[/]")
        chosen = Format.JSON if json else format
        links = _links(context.environ, head.commit)
        texts = {
            name: text
            for kind in ([chosen] if chosen else Format)
            for name, text in files.texts(report, before, after, kind, blob_url=links).items()
        }
        if chosen and out is None:
            titled = (f"# {name}\n{text}" if chosen == Format.HCL else text for name, text in texts.items())
            text = "\n".join(titled)
            console.out.file.write(visible(text) if console.out.is_terminal else text)
        else:
            written = files.write(texts, out or folder / f"{base.short}-{head.short}")
            show(report)
            for path in written:
                if "hcl" not in path.parts:
                    console.say(f"written: {path}")
        raise typer.Exit(exit_code(report))


def show(review: Review, *, to: Console = console.out) -> None:
    """Print the stacks that differ and the most severe risks; equal risks of several stacks are printed once."""
    from groundwork.review.render import summary

    _print_unjudged(review, to)
    if not review.changed and not review.risks:
        to.print("no change in the Terraform" if review.unjudged else "no change")
        return
    table = console.table("stack", "Terraform", "resources", "plan")
    for stack in review.stacks:
        if stack.state != "untouched" or stack.plan:
            kinds = [resource.kind.value for resource in stack.resources]
            counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
            table.add_row(stack.stack, stack.state, counts or "-", stack.plan.status if stack.plan else "")
    to.print(table)
    if cost := summary.bill(review):
        to.print(console.escape(cost))
    groups = summary.risk_groups(review)
    for group in groups[:_SHOWN]:
        to.print(
            f"[{_COLOURS[group.severity]}]{group.severity.value:6}[/] {group.concern.value}: "
            f"{console.escape(group.sentence)} [dim]{console.escape(_where(group))}[/]"
        )
    if len(groups) > _SHOWN:
        to.print(f"and {len(groups) - _SHOWN} more risks")


def _print_unjudged(review: Review, to: Console) -> None:
    for each in review.not_judged[:_SHOWN]:
        to.print(f"[yellow]not judged[/] {console.escape(each.what)}: {console.escape(each.why)}")
    for file in (review.unjudged or ())[:_SHOWN]:
        to.print(f"[yellow]not judged[/] {console.escape(file.path)}: {file.decides}")
        for fact in file.facts[:_SHOWN]:
            to.print(f"  {console.escape(fact)}")
    if len(review.unjudged or ()) > _SHOWN:
        to.print(f"and {len(review.unjudged or ()) - _SHOWN} more files that no rule looks at")


def _where(group: RiskGroup) -> str:
    """Stack, address, line and rule of a risk; for several stacks, the first of them and the number of the others."""
    (stack, address), more = group.places[0], len(group.places) - 1
    line = f"{group.origin[0].file}:{group.origin[0].line}" if group.origin else ""
    rule = f"(rule {group.rule.name} of {group.rule.owner}: {group.rule.docs})" if group.rule else ""
    return " ".join(filter(None, (stack, address, line, f"and {more} more alike" if more else "", rule)))


def exit_code(review: Review) -> int:
    """0 without changes, 20 with changes, 22 with a risk of high severity."""
    if any(risk.severity == "high" for risk in review.risks):
        return HIGH
    return CHANGES if review.changed or review.risks else 0


def _links(environ: Mapping[str, str], commit: str) -> str:
    """The beginning of links to lines in a run of GitHub Actions; empty elsewhere."""
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    return f"{server}/{repository}/blob/{commit}" if server and repository and commit.isalnum() else ""
