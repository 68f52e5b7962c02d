from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import cdktf_cdktf_provider_helm as helm_package
import pytest

from groundwork.errors import UsageError
from groundwork.synthesis import jsii_process, lazy_package
from groundwork.synthesis.lazy_provider import Mode, install

ROOT = Path(__file__).parents[2]
PREPARE = "import os; from groundwork.synthesis.lazy_provider import install; mode = install(os.environ)\n"

AWS_STACK = """
import sys
from cdktf import App, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument, DataAwsIamPolicyDocumentStatement)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
app = App(outdir=sys.argv[1])
stack = TerraformStack(app, "reference")
AwsProvider(stack, "aws", region="eu-central-1")
for i in range(5):
    bucket = S3Bucket(stack, f"bucket_{i}", bucket=f"bucket-{i}", tags={"n": str(i)}, force_destroy=False)
queue = SqsQueue(stack, "queue", name="queue", kms_data_key_reuse_period_seconds=300)
DataAwsIamPolicyDocument(stack, "policy", statement=[
    DataAwsIamPolicyDocumentStatement(actions=["s3:GetObject"], resources=[f"{bucket.arn}/*"])])
TerraformOutput(stack, "arn", value=queue.arn)
app.synth()
"""

HELM_STACK = """
import sys
from cdktf import App, TerraformStack
from cdktf_cdktf_provider_helm.provider import HelmProvider
from cdktf_cdktf_provider_helm.release import Release
app = App(outdir=sys.argv[1])
stack = TerraformStack(app, "reference")
HelmProvider(stack, "helm", kubernetes={"config_path": "~/.kube/config"})
release = Release(stack, "release", name="r", chart="c", set=[{"name": "a", "value": "b"}])
print(type(release.set).__name__, release.node.path)
app.synth()
"""


def python(
    code: str, *arguments: object, path: Path | None = None, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in {"GROUNDWORK_SYNTH", "NODE_OPTIONS", "JSII_NODE"}}
    search = os.pathsep.join(map(str, filter(None, [path, ROOT])))
    with tempfile.TemporaryDirectory() as folder:  # cdktf writes cdktf.out where it is called
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=cwd or folder,
            env={**inherited, "PYTHONPATH": search, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,  # the first stock import of a checkout compiles 2,000 modules
        )


def synthesised(code: str, out: Path, path: Path | None = None, **environ: str) -> tuple[bytes, str]:
    """The bytes of the reference stack's JSON, and what was written to standard error."""
    done = python(PREPARE + code, out, path=path, cwd=out.parent, **environ)  # a local state's path is in the JSON
    assert done.returncode == 0, done.stderr
    return (out / "stacks" / "reference" / "cdk.tf.json").read_bytes(), done.stderr


@pytest.mark.slow
def test_an_aws_stack_is_byte_for_byte_what_stock_makes(tmp_path: Path) -> None:
    fast, fast_errors = synthesised(AWS_STACK, tmp_path / "fast")
    stock, _ = synthesised(AWS_STACK, tmp_path / "stock", GROUNDWORK_SYNTH="stock")
    assert fast == stock
    assert "StockSynthesisWarning" not in fast_errors
    assert len(json.loads(fast)["resource"]["aws_s3_bucket"]) == 5


@pytest.mark.parametrize("mode", ["fast", "stock"])
def test_the_pinned_node_runs_and_not_the_one_on_path(tmp_path: Path, mode: str) -> None:
    (tmp_path / "node").write_text("#!/bin/sh\necho 'the node on PATH' >&2\nexit 1\n")
    (tmp_path / "node").chmod(0o755)
    environ = {"GROUNDWORK_SYNTH": mode, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    made, _ = synthesised(HELM_STACK, tmp_path / "out", **environ)
    assert made


def test_a_helm_stack_is_byte_for_byte_what_stock_makes(tmp_path: Path) -> None:
    fast, fast_errors = synthesised(HELM_STACK, tmp_path / "fast")
    stock, _ = synthesised(HELM_STACK, tmp_path / "stock", GROUNDWORK_SYNTH="stock")
    assert fast == stock
    assert "StockSynthesisWarning" not in fast_errors


def test_only_what_is_used_is_imported() -> None:
    done = python(
        PREPARE + "from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket; import sys; print([m for m in "
        "sys.modules if m.startswith('cdktf_cdktf_provider_aws.') and '_jsii' not in m and '_private' not in m])"
    )
    assert done.stdout.split("\n")[0] == "['cdktf_cdktf_provider_aws.s3_bucket']", done.stderr


def test_a_resource_is_an_attribute_of_the_package() -> None:
    code = (
        "import cdktf_cdktf_provider_aws as aws; print(aws.s3_bucket.S3Bucket.__name__, 'sqs_queue' in dir(aws));"
        "from cdktf_cdktf_provider_aws import sqs_queue; print(sqs_queue.SqsQueue.__name__)"
    )
    assert python(PREPARE + code).stdout == "S3Bucket True\nSqsQueue\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import cdktf_cdktf_provider_helm as helm; helm.no_such_thing",
        "from cdktf_cdktf_provider_helm import no_such_thing",
        "import cdktf_cdktf_provider_helm.no_such_thing",
        "from cdktf_cdktf_provider_helm.release import NoSuchThing",
        "from cdktf_cdktf_provider_helm.release import Release; Release(None, 'x', nam='typo')",
        "from cdktf import App, TerraformStack; from cdktf_cdktf_provider_helm.release import Release;"
        "Release(TerraformStack(App(), 's'), 'x', name=[1], chart='c')",
        "from cdktf import App, TerraformStack; from cdktf_cdktf_provider_helm.release import Release;"
        "Release(TerraformStack(App(), 's'), 'x', name='n', chart='c', values=['text', 1])",
        "from cdktf import App, TerraformOutput, TerraformStack; stack = TerraformStack(App(), 's');"
        "TerraformOutput(stack, 'x', value='v', sensitive='no')",
        "from cdktf import App, Fn; Fn.merge(3)",
        "from cdktf import App; App(context=['no mapping'])",
        "from cdktf import App; App(outdir='x', skip_validation=3)",
    ],
)
def test_a_mistake_raises_what_stock_raises(code: str) -> None:
    fast, stock = python(PREPARE + code), python(PREPARE + code, GROUNDWORK_SYNTH="stock")
    assert fast.returncode == stock.returncode == 1
    assert "Error" in fast.stderr.splitlines()[-1]
    assert fast.stderr.splitlines()[-1] == stock.stderr.splitlines()[-1]


def test_an_object_of_a_module_that_is_not_imported_gets_its_class() -> None:
    code = """
import cdktf, sys
from cdktf_cdktf_provider_helm import _jsii
from jsii import _reference_map, kernel
from jsii._kernel.types import CreateRequest
stack = cdktf.TerraformStack(cdktf.App(), "s")
made = kernel.provider.create(CreateRequest(fqn="@cdktf/provider-helm.provider.HelmProvider", args=[stack, "x", {}]))
assert "cdktf_cdktf_provider_helm.provider" not in sys.modules
print(type(_reference_map.resolve_reference(kernel, made)))
"""
    done = python(PREPARE + code)
    assert done.stdout == "<class 'cdktf_cdktf_provider_helm.provider.HelmProvider'>\n", done.stderr


def copy_of_helm(folder: Path) -> Path:
    package = Path(str(helm_package.__file__)).parent
    return Path(shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize(
    "addition", ["\nanswer = 42\n", "\nfrom . import release as other\n", "\nfrom .release import Release\n"]
)
def test_a_package_of_another_layout_warns_and_is_imported_as_shipped(addition: str, tmp_path: Path) -> None:
    package = copy_of_helm(tmp_path)
    with (package / "__init__.py").open("a") as init:
        init.write(addition)
    fast, errors = synthesised(HELM_STACK, tmp_path / "fast", path=tmp_path)
    stock, _ = synthesised(HELM_STACK, tmp_path / "stock", path=tmp_path, GROUNDWORK_SYNTH="stock")
    assert fast == stock
    assert "StockSynthesisWarning" in errors
    assert "another layout" in errors
    loaded = python(
        PREPARE + "import cdktf_cdktf_provider_helm, sys; print('cdktf_cdktf_provider_helm.release' in sys.modules)",
        path=tmp_path,
    )
    assert loaded.stdout == "True\n"


def replace_in_index(package: Path, old: str, new: str) -> None:
    """Replaces text of lib/index.js inside the package's npm archive."""
    archive = next((package / "_jsii").glob("*.tgz"))
    with tarfile.open(archive) as source:
        members = [(member, source.extractfile(member)) for member in source.getmembers()]
        content = [(member, file.read() if file else b"") for member, file in members]
    with tarfile.open(archive, "w:gz") as target:
        for member, data in content:
            if member.name == "package/lib/index.js":
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())  # noqa: PLW2901
                member.size = len(data)
            target.addfile(member, io.BytesIO(data))


@pytest.mark.slow
def test_an_index_of_another_layout_warns_and_is_loaded_as_shipped(tmp_path: Path) -> None:
    package = copy_of_helm(tmp_path)
    line = 'exports.provider = require("./provider");'
    replace_in_index(package, line, 'exports.provider = Object.assign({}, require("./provider"));')
    fast, errors = synthesised(HELM_STACK, tmp_path / "fast", path=tmp_path, JSII_RUNTIME_PACKAGE_CACHE="disabled")
    stock, _ = synthesised(HELM_STACK, tmp_path / "stock", GROUNDWORK_SYNTH="stock")
    assert fast == stock
    assert "StockSynthesisWarning" in errors
    assert "index.js has another layout (line 11)" in errors


@pytest.mark.slow
def test_the_index_layout_of_the_maintained_fork_is_known(tmp_path: Path) -> None:
    package = copy_of_helm(tmp_path)
    helper = "var __importStar = function (mod) { return mod; };\nexports.release = "
    replace_in_index(package, 'exports.release = require("./release");', helper + '__importStar(require("./release"));')
    fast, errors = synthesised(HELM_STACK, tmp_path / "fast", path=tmp_path, JSII_RUNTIME_PACKAGE_CACHE="disabled")
    stock, _ = synthesised(HELM_STACK, tmp_path / "stock", GROUNDWORK_SYNTH="stock")
    assert fast == stock
    assert "StockSynthesisWarning" not in errors


def test_stock_leaves_imports_and_kernel_alone() -> None:
    code = "import cdktf_cdktf_provider_helm, sys; print(mode, 'cdktf_cdktf_provider_helm.release' in sys.modules)"
    assert python(PREPARE + code, GROUNDWORK_SYNTH="stock").stdout == "stock True\n"


def test_another_value_of_the_switch_is_refused() -> None:
    with pytest.raises(UsageError, match="GROUNDWORK_SYNTH=quick"):
        install({"GROUNDWORK_SYNTH": "quick"})


def test_installing_after_cdktf_warns_and_stays_stock() -> None:
    done = python("import cdktf\n" + PREPARE + "print(mode)")
    assert done.stdout == f"{Mode.STOCK}\n"
    assert "cdktf was imported before" in done.stderr


def test_the_callers_node_options_stay_and_only_the_kernel_gets_more(tmp_path: Path) -> None:
    mark = tmp_path / "with space" / "mark.cjs"
    mark.parent.mkdir()
    seen = tmp_path / "seen"
    mark.write_text(f"require('fs').writeFileSync({json.dumps(str(seen))}, process.env.NODE_OPTIONS)")
    options = f'--require "{mark}"'
    code = "import cdktf, os, subprocess; print(subprocess.check_output(['env'], text=True))"
    done = python(PREPARE + code, NODE_OPTIONS=options)
    assert seen.read_text().startswith(options)
    assert jsii_process.HOOK.name in seen.read_text()
    assert f"NODE_OPTIONS={options}\n" in done.stdout, done.stderr
    assert "JSII_NODE" not in done.stdout


def test_the_callers_node_wins_over_the_wheel() -> None:
    assert "JSII_NODE" not in jsii_process.kernel_environment({"JSII_NODE": "/usr/bin/mine"})
    assert Path(jsii_process.kernel_environment({})["JSII_NODE"]) == jsii_process.wheel_node()


def test_the_kernel_is_one_process() -> None:
    code = "import cdktf, psutil; print(len(psutil.Process().children(recursive=True)))"
    # Named, since the `node` that is first on PATH may be a script that starts the real one.
    node = str(jsii_process.wheel_node())
    assert python(PREPARE + code).stdout == "1\n"
    assert python(PREPARE + code, GROUNDWORK_SYNTH="stock", JSII_NODE=node).stdout == "2\n"


def test_what_javascript_prints_arrives_as_without_the_hook() -> None:
    # cdktf itself calls console.warn for a function's argument that holds an escape sequence.
    code = """
import cdktf
app = cdktf.App(); stack = cdktf.TerraformStack(app, "s")
cdktf.TerraformOutput(stack, "o", value=cdktf.Fn.upper("${escaped} " + cdktf.Token.as_string(cdktf.Fn.lower("a"))))
app.synth()
"""
    node = str(jsii_process.wheel_node())
    fast, stock = python(PREPARE + code), python(PREPARE + code, GROUNDWORK_SYNTH="stock", JSII_NODE=node)
    assert (fast.stdout, fast.stderr) == (stock.stdout, stock.stderr)
    assert "escape sequences" in fast.stderr


def test_packages_are_cached_and_their_types_indexed_for_the_next_run(tmp_path: Path) -> None:
    assert indexed("import cdktf", tmp_path) == {"cdktf", "constructs"}


@pytest.mark.slow
def test_a_kernel_ends_after_the_index_of_a_large_provider_is_written(tmp_path: Path) -> None:
    assert "@cdktf" in indexed("import cdktf_cdktf_provider_aws", tmp_path)


def test_what_node_compiled_is_there_for_the_next_run(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)

    def compiled() -> set[Path]:
        done = python(PREPARE + "import cdktf; cdktf.App()", JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(cache))
        assert done.returncode == 0, done.stderr
        return {file for file in tmp_path.glob("cache-compiled/**/*") if file.is_file()}

    first = compiled()
    assert len(first) > 100
    assert compiled() == first, "each run has links and a runtime of its own, and the same names in the cache"


def indexed(code: str, folder: Path) -> set[str]:
    """The packages that have an index of types after a run with an empty cache."""
    cache = folder / "cache"
    cache.mkdir(mode=0o700)
    done = python(PREPARE + code, JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(cache))
    assert done.returncode == 0, done.stderr
    return {index.relative_to(cache).parts[0] for index in cache.rglob(".jsii.runtime.v*.json")}


def test_every_namespace_of_the_provider_follows_from_its_module() -> None:
    assert lazy_package.namespace("s3_bucket") == "s3Bucket"
    assert lazy_package.namespace("apigatewayv2_domain_name") == "apigatewayv2DomainName"
    code = (
        "import cdktf_cdktf_provider_aws; from jsii import _reference_map as m;"
        "print(m._submodule_fqn_map['@cdktf/provider-aws.wafv2WebAcl'])"
    )
    assert python(PREPARE + code).stdout == "cdktf_cdktf_provider_aws.wafv2_web_acl\n"
