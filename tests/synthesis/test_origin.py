from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.errors import SynthesisError, UsageError
from groundwork.synthesis import lock_file, origin
from groundwork.synthesis.lock_file import Provider

BLOCK = """\
from cdktf_cdktf_provider_helm.data_helm_template import DataHelmTemplate
from cdktf_cdktf_provider_helm.release import Release
from constructs import Construct


class Chart(Construct):
    def __init__(self, scope, id_):
        super().__init__(scope, id_)
        self.release = Release(self, "release", name=id_, chart="c")
        self.template = DataHelmTemplate(
            self, "template", name=id_, chart="c")
"""

MAIN = """\
import os, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
from groundwork.paths import Project
from groundwork.synthesis import lazy_provider
from groundwork.synthesis.app import synthesise
lazy_provider.install(os.environ)


def build(app):
    from cdktf import TerraformOutput, TerraformStack
    from cdktf_cdktf_provider_helm.provider import HelmProvider
    from cdktf_cdktf_provider_helm.release import Release
    from block import Chart
    stacks = []
    for name in ("dev-apps", "prod-apps"):
        stack = TerraformStack(app, name)
        HelmProvider(stack, "helm")
        chart = Chart(stack, "web")
        Release(stack, "own", name="own", chart="c")
        stacks.append((stack, chart))
    reader = TerraformStack(app, "dev-reader")
    HelmProvider(reader, "helm")
    Release(reader, "reads", name=stacks[0][1].release.version, chart="c")


print(synthesise(Project(Path(__file__).parent.resolve()), build, os.environ))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A checkout with three synthesised stacks, one of which reads another."""
    root = tmp_path_factory.mktemp("project")
    (root / "block.py").write_text(BLOCK)
    (root / "main.py").write_text(MAIN)
    locks = root / "stacks" / "provider_locks"
    locks.mkdir(parents=True)
    helm = Provider(lock_file.full_address("helm"), "3.1.1")
    (locks / "helm.terraform.lock.hcl").write_text(lock_file.render({helm: ()}))
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{root / 'cdktf.out'}\n", done.stderr
    return root


def lines_of(text: str, file: str, *statements: str) -> list[str]:
    numbered = list(enumerate(text.splitlines(), 1))
    return [f"{file}:{next(n for n, line in numbered if statement in line)}" for statement in statements]


def address(project: Path, section: str, type_: str, begins: str) -> str:
    """The address of the resource of dev-apps whose name starts with `begins`; cdktf adds a hash to nested ones."""
    terraform = json.loads((project / "cdktf.out/stacks/dev-apps/cdk.tf.json").read_text())
    name = next(name for name in terraform[section][type_] if name.startswith(begins))
    return f"{'data.' if section == 'data' else ''}{type_}.{name}"


def test_the_first_line_creates_the_resource_and_the_next_ones_call_it(project: Path) -> None:
    (created,) = origin.where(project / "cdktf.out", address(project, "resource", "helm_release", "web_release"))
    assert list(created.lines) == [
        *lines_of(BLOCK, "block.py", "Release(self"),
        *lines_of(MAIN, "main.py", 'Chart(stack, "web")', "print(synthesise("),
    ]
    assert created.path == "web/release"


def test_stacks_created_by_the_same_lines_share_an_origin(project: Path) -> None:
    (created,) = origin.where(project / "cdktf.out", "helm_release.own")
    assert created.stacks == ("dev-apps", "prod-apps")
    assert created.lines[0] == lines_of(MAIN, "main.py", 'Release(stack, "own"')[0]


def test_a_data_source_is_found_by_its_address(project: Path) -> None:
    (created,) = origin.where(project / "cdktf.out", address(project, "data", "helm_template", "web_template"))
    assert created.lines[0] == lines_of(BLOCK, "block.py", "self.template = ")[0]


@pytest.mark.parametrize("index", ["[0]", '["a"]'])
def test_an_index_is_ignored(index: str, project: Path) -> None:
    assert origin.where(project / "cdktf.out", f"helm_release.own{index}")


def test_what_cdktf_adds_by_itself_has_no_lines(project: Path) -> None:
    remote_state = "data.terraform_remote_state.cross-stack-reference-input-dev-apps"
    (created,) = origin.where(project / "cdktf.out", remote_state, stack="dev-reader")
    assert created.lines == ()


def test_an_unknown_address_names_close_ones(project: Path) -> None:
    with pytest.raises(UsageError, match=r"helm_release\.owm") as refused:
        origin.where(project / "cdktf.out", "helm_release.owm")
    assert "helm_release.own" in refused.value.fix


def test_without_a_synth_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as refused:
        origin.where(tmp_path, "helm_release.own")
    assert refused.value.fix == "gw synth"


def test_recording_origins_does_not_change_the_synthesised_terraform(
    project: Path, checkout: Path, tmp_path: Path
) -> None:
    plain = MAIN.replace("print(synthesise(", "print((lambda project, build, environ: _plain(build))(").replace(
        "def build(app)",
        "def _plain(build):\n    from cdktf import App\n    app = App(); build(app); app.synth()\n\n\ndef build(app)",
    )
    (project / "plain.py").write_text(plain)
    environ = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "CDKTF_OUTDIR": str(tmp_path / "out"),
        "GROUNDWORK_SYNTH": "stock",
    }
    subprocess.run([sys.executable, "plain.py"], cwd=project, env=environ, check=True)
    made = sorted(tmp_path.glob("out/stacks/*/cdk.tf.json"))
    assert len(made) == 3
    for file in made:
        assert file.read_bytes() == (project / "cdktf.out" / "stacks" / file.parent.name / "cdk.tf.json").read_bytes()


def test_every_stack_has_its_provider_lock(project: Path) -> None:
    assert len(list(project.glob("cdktf.out/stacks/*/.terraform.lock.hcl"))) == 3
