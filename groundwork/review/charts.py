"""Renders the Helm releases that differ between two synthesised folders, each with its own values.

A chart of an unreviewed commit is text to Helm, but templates may loop and YAML may explode: every step has a limit.
Helm sees neither credentials nor the home (groundwork.review.isolation), follows no link and connects to nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from groundwork import bounded_yaml
from groundwork.paths import Project
from groundwork.review import isolation
from groundwork.review.attributes import compare as compare_values
from groundwork.review.model import AttributeChange
from groundwork.review.values import as_list, blocks, value_at
from groundwork.review.values import text as as_text
from groundwork.synthesis.manifest import Stack
from groundwork.toolchain import go_tools, process

MISSING = "charts were not rendered: helm is neither on PATH nor built; make setup builds it"
_SECONDS = 60.0
_LARGEST = 2 * 2**20  # bytes of everything that a release renders
_LARGEST_OBJECT = 128 * 2**10
# Helm resolves references in it, also to files and addresses; an apply checks the values against it, a review need not.
_SCHEMA = "values.schema.json"
_DOCUMENT = re.compile(r"^---(?:[ \t].*)?$\n?", re.MULTILINE)
_NAME = re.compile(r"^name:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
_NOT_APPLIED = {"set_list", "set_sensitive", "set_wo", "postrender"}
"""Arguments that change what a release renders to, and that are left out here: secrets, programs, rare forms."""
_NO_INFLUENCE = {"//", "depends_on", "lifecycle", "timeout", "wait", "wait_for_jobs", "max_history", "atomic", "lint"}


@dataclass(frozen=True)
class Release:
    """A `helm_release`: its arguments, and path → digest of its chart's files where the chart lies in the stack."""

    stack: str
    address: str
    body: Mapping[str, Any]
    files: Mapping[str, str]

    @property
    def chart(self) -> str:
        """The chart as the release names it."""
        return str(self.body.get("chart", ""))

    @cached_property
    def key(self) -> str:
        """Equal for two releases that render equally."""
        body = {name: value for name, value in self.body.items() if name not in {*_NO_INFLUENCE, "chart"}}
        chart = dict(self.files) or self.chart
        return hashlib.sha256(json.dumps([body, chart], sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Rendered:
    """The objects of a release: `Kind namespace/name` → object; or the problem because of which they are missing.

    Only objects that differ from the other side's are listed. `chart` is the chart's own name. `unknown` are
    clauses: what is missing in the objects, because only a plan knows it.
    """

    chart: str = ""
    objects: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    unknown: tuple[str, ...] = ()


class NotRendered(Exception):
    """Why a release has no objects to compare."""


@dataclass(frozen=True)
class Charts:
    """Renders releases with the program that `helm` finds; `hidden` folders are out of its sight."""

    helm: Callable[[], Path | None]
    hidden: Sequence[Path] = ()

    @classmethod
    def here(cls, project: Project, environ: Mapping[str, str]) -> Charts:
        """With the helm of this machine, looked for only where something is rendered."""

        def helm() -> Path | None:
            located = go_tools.find("helm", environ, project)
            return located.path if located else None

        return cls(helm, isolation.hidden_folders(project.root))

    def render(self, release: Release, texts: Path) -> str:
        """The manifests of a release. `texts` holds its chart's files, named by their digests. Raises NotRendered."""
        if not release.files:
            raise NotRendered(f"its chart {release.chart} does not lie in the stack's folder")
        if link := next((name for name, digest in release.files.items() if digest.startswith("link")), ""):
            raise NotRendered(f"its chart has a link, {link}")
        if (helm := self.helm()) is None:
            raise NotRendered(MISSING)
        with tempfile.TemporaryDirectory(prefix="groundwork-chart-") as folder:
            _write_chart(release, texts, Path(folder) / "chart")
            command = [str(helm), "template", *_arguments(release, Path(folder))]
            if not isolation.problem():
                command = isolation.command(command, hidden=self.hidden, shown=[helm.parent])
            done = process.run(
                command,
                cwd=Path(folder),
                environ={"PATH": os.defpath, "HOME": folder},
                keep_stdout=True,
                timeout=_SECONDS,
            )
        if done.timed_out:
            raise NotRendered(f"helm template took longer than {_SECONDS:.0f} s")
        if not done.ok:
            raise NotRendered(f"helm template failed: {done.tail[-600:]}")
        if len(done.stdout) > _LARGEST:
            raise NotRendered(f"it renders more than {_LARGEST >> 20} MiB")
        return done.stdout


def releases(stack: Stack, files: Mapping[str, str]) -> Iterator[Release]:
    """The releases of a synthesised stack; `files` are those of its assets."""
    bodies: Mapping[str, Mapping[str, Any]] = value_at(stack.terraform, "resource", "helm_release") or {}
    for name, body in bodies.items():
        folder = str(body.get("chart", "")).removeprefix("./")
        below = {
            path.removeprefix(f"{folder}/"): digest for path, digest in files.items() if path.startswith(f"{folder}/")
        }
        yield Release(stack.name, f"helm_release.{name}", body, below)


def compared(
    sides: Sequence[tuple[Sequence[Release], Path]], charts: Charts | None
) -> list[dict[tuple[str, str], Rendered]]:
    """For each side, its releases and the folder of its texts: stack and address → what it renders to.

    Of releases that render equally on both sides, and of equal objects, nothing is listed.
    """
    everywhere = set.intersection(*({(release.stack, release.key) for release in side} for side, _ in sides))
    manifests: list[dict[tuple[str, str], list[str]]] = []
    results: list[dict[tuple[str, str], Rendered]] = []
    for side, texts in sides:
        manifests.append({})
        results.append({})
        for release in side:
            if (release.stack, release.key) not in everywhere:
                try:
                    text = (charts or _NO_HELM).render(release, texts)
                    manifests[-1][release.stack, release.address] = [
                        part for part in _DOCUMENT.split(text) if part.strip()
                    ]
                except NotRendered as problem:
                    results[-1][release.stack, release.address] = Rendered(problem=str(problem))
    for number, (side, texts) in enumerate(sides):
        others = {
            (stack, part)
            for index, made in enumerate(manifests)
            if index != number
            for (stack, _), parts in made.items()
            for part in parts
        }
        for release in side:
            key = release.stack, release.address
            if key in manifests[number]:
                different = [part for part in manifests[number][key] if (release.stack, part) not in others]
                results[number][key] = _rendered(release, different, texts)
    return results


def differences(before: Rendered | None, after: Rendered | None) -> tuple[AttributeChange, ...]:
    """The objects of a release that differ: every attribute as `Kind namespace/name.attribute`."""
    old, new = (side.objects if side else {} for side in (before, after))
    return tuple(
        change
        for name in sorted(old.keys() | new.keys())
        for change in (
            compare_values(old[name], new[name], path=name)
            if name in old and name in new
            else [AttributeChange(path=name, before=_text(old.get(name)), after=_text(new.get(name)))]
        )
    )


def _text(item: Any) -> str | None:
    return None if item is None else as_text(item)


_NO_HELM = Charts(lambda: None)


def _rendered(release: Release, documents: Sequence[str], texts: Path) -> Rendered:
    objects: dict[str, Any] = {}
    try:
        for text in documents:
            # Kubernetes reads YAML 1.1, where `yes` and `on` are true.
            read = bounded_yaml.load(text, version=(1, 1), most_bytes=_LARGEST_OBJECT)
            for item in _objects(read):
                # As JSON: YAML has keys and values of other types.
                objects[_unused(_title(item), objects)] = json.loads(json.dumps(item, default=str))
    except (bounded_yaml.BadYaml, NotRendered, TypeError) as problem:
        return Rendered(problem=f"what it renders cannot be read: {problem}")
    name = _NAME.search((texts / release.files["Chart.yaml"]).read_text(encoding="utf-8", errors="replace"))
    return Rendered(name[1] if name else "", objects, unknown=tuple(_unknown(release)))


def _title(item: Mapping[str, Any]) -> str:
    """`Kind namespace/name`."""
    about = item.get("metadata")
    names = [str(about[key]) for key in ("namespace", "name") if about.get(key)] if isinstance(about, Mapping) else []
    return f"{item['kind']} {'/'.join(names)}".strip()


def _unused(title: str, objects: Mapping[str, Any]) -> str:
    """The title, or with a number: of two objects with the same title none may hide the other."""
    numbered = (f"{title} ({number})" for number in itertools.count(2))
    return title if title not in objects else next(name for name in numbered if name not in objects)


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if document is None:
        return
    if not isinstance(document, dict) or "kind" not in document:
        raise NotRendered("a document is not an object of Kubernetes")
    if str(document["kind"]).endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(item)
    else:
        yield document


def _write_chart(release: Release, texts: Path, folder: Path) -> None:
    for name, digest in release.files.items():
        if Path(name).name == _SCHEMA:
            continue
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not (texts / digest).is_file():
            raise NotRendered(f"{name} of its chart is too large, or lies elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((texts / digest).read_bytes())


def _arguments(release: Release, folder: Path) -> list[str]:
    """Options first: what a commit chooses follows behind `--`, so that none of it is an option."""
    options = ["--include-crds"]
    for number, text in enumerate(_known_values(release)):
        file = folder / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        options.append(f"--values={file}")
    for setting in blocks(release.body.get("set")):
        if not any(map(_is_unknown, setting.values())):
            kind = "set-string" if setting.get("type") == "string" else "set"
            options.append(f"--{kind}={setting.get('name')}={setting.get('value')}")
    namespace = release.body.get("namespace")
    if namespace and not _is_unknown(namespace):
        options.append(f"--namespace={namespace}")
    name = release.body.get("name")
    return [*options, "--", "release" if _is_unknown(name) else str(name), str(folder / "chart")]


def _known_values(release: Release) -> list[str]:
    """The documents of `values` that are YAML already, with expressions inside them as they stand."""
    return [text for text in as_list(release.body.get("values")) if isinstance(text, str) and not text.startswith("${")]


def _unknown(release: Release) -> Iterator[str]:
    """How the rendering differs from what an apply makes, because only a plan knows a value."""
    for number, text in enumerate(as_list(release.body.get("values"))):
        if isinstance(text, str) and text.startswith("${"):
            yield f"without values[{number}]"
        elif _is_unknown(text):
            yield f"with the expressions in values[{number}] as they stand"
    settings = [value for item in blocks(release.body.get("set")) for value in item.values()]
    if any(map(_is_unknown, settings)):
        yield "without some of set"
    yield from (f"without {name}" for name in sorted(_NOT_APPLIED & release.body.keys()))


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str) and "${" in value
