"""Synthesises what main.py builds, and puts provider locks and origins beside each stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.paths import Project
from groundwork.synthesis import origin, provider_locks

if TYPE_CHECKING:
    from cdktf import App


def synthesise(project: Project, build: Callable[[App], None], environ: Mapping[str, str]) -> Path:
    """Builds the app with `build`, writes it, and puts each stack's provider lock and `origins.json` beside it.

    Writes to `CDKTF_OUTDIR` (cdktf-cli sets it; relative to the checkout) or cdktf.out, and returns that folder. A
    build that adds the stacks of one environment leaves the folders of others as they are. The folder is readable by
    its owner alone: a bare `cdktf diff` writes its plans there, with their secrets, as the umask says. Raises what
    `build` raises, and LockFileError where a provider has no committed lock.
    """
    from cdktf import App  # noqa: PLC0415 - starts the jsii kernel, after lazy_provider.install

    out = project.root / (environ.get("CDKTF_OUTDIR") or project.out.name)
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o700)
    with origin.recording(project.root) as recorder:
        app = App(outdir=str(out))
        build(app)
        app.synth()
    if environ.get("SYNTH_HCL_OUTPUT") in {"true", "1"}:
        # `cdktf synth --hcl` writes cdk.tf for people to read; everything below needs the JSON that Terraform runs.
        return out
    origin.write(out, recorder)
    provider_locks.place(out, project.provider_locks)
    return out
