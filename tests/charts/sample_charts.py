"""Small charts to package and publish, and Helm without the user's settings."""

from __future__ import annotations

from pathlib import Path

from stacks.commands import chart_packages
from stacks.commands.chart_packages import Package
from stacks.commands.helm_program import HelmProgram


def chart(folder: Path, name: str = "small", *, text: str = "hello") -> Path:
    """A chart with one ConfigMap, in a folder of its name."""
    root = folder / name
    (root / "templates").mkdir(parents=True, exist_ok=True)
    (root / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
    (root / "values.yaml").write_text(f"text: {text}\n")
    (root / "templates" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  text: {{ .Values.text }}\n"
    )
    return root


def packaged(helm: HelmProgram, folder: Path, version: str, *, name: str = "small", text: str = "hello") -> Package:
    """Such a chart as a package of a version, in `folder`."""
    return chart_packages.package(helm, chart(folder / "charts", name, text=text), out=folder, version=version)
