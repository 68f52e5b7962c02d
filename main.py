"""Synthesises every environment in one run: environments/*.yaml → stacks → cdktf.out."""

from __future__ import annotations

from cdktf import App
from groundwork.environment import load_all
from pathlib import Path

from stacks import catalog

app = App()
for environment in load_all(Path("environments")):
    catalog.build(app, environment)
app.synth()
