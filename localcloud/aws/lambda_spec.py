"""What a function's process is started with, and its code on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import stat
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What AWS's Python runtime has besides the interpreter; a function sees nothing else outside of its zip.
_RUNTIME_MODULES = (
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)
_UNPACKING = threading.Lock()


class CannotRun(Exception):
    """A function that this machine cannot run: an image, another language, a broken zip."""


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function. `timeout` in seconds, `memory` in MB, `code` the bytes of its zip."""

    arn: str
    name: str
    version: str
    account: str
    region: str
    role: str
    handler: str
    runtime: str
    timeout: int
    memory: int
    architecture: str
    code_sha256: str
    log_group: str
    log_format: str
    code: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def fingerprint(self) -> str:
        """Changes with anything that a process is started with."""
        values = {name: value for name, value in vars(self).items() if name not in ("code", "layers")}
        layers = [hashlib.sha256(layer).hexdigest() for layer in self.layers]
        return hashlib.sha256(json.dumps([values, layers], sort_keys=True, default=dict).encode()).hexdigest()


def spec_of(function: Any) -> FunctionSpec:
    """The specification of a moto function; raises CannotRun for what cannot be run here."""
    if function.package_type != "Zip":
        raise CannotRun(f"{function.function_name} is a container image; the embedded AWS runs zip packages only")
    runtime = str(function.run_time or "")
    if not runtime.startswith("python"):
        declared = f"{function.function_name} declares {runtime or 'no runtime'}"
        raise CannotRun(f"{declared}; the embedded AWS runs python3.x only")
    logging = getattr(function, "groundwork_logging", None) or {}
    return FunctionSpec(
        arn=function.function_arn,
        name=function.function_name,
        version=str(function.version) if ":" in function.function_arn.split(":function:")[1] else "$LATEST",
        account=function.account_id,
        region=function.region,
        role=function.role,
        handler=function.handler,
        runtime=runtime,
        timeout=int(function.timeout),
        memory=int(function.memory_size),
        architecture=function.architectures[0],
        code_sha256=function.code_sha_256,
        log_group=logging.get("LogGroup") or function.logs_group_name,
        log_format=logging.get("LogFormat", "Text"),
        code=function.code_bytes,
        layers=_layer_zips(function),
        environment={key: str(value) for key, value in (function.environment_vars or {}).items()},
    )


def _layer_zips(function: Any) -> tuple[bytes, ...]:
    from moto.awslambda.utils import get_backend

    zips = []
    for layer in function.layers or ():
        _, _, _, region, account, _ = layer["Arn"].split(":", 5)
        zips.append(get_backend(account, region).layers_versions_by_arn(layer["Arn"]).code_bytes)
    return tuple(zips)


def unpack(spec: FunctionSpec, folder: Path) -> tuple[Path, list[Path]]:
    """The unpacked code under `folder` and the Python folders of its layers, unpacked once per content."""
    task = _unpacked(spec.code, folder, spec.name)
    layers = [_unpacked(layer, folder, f"a layer of {spec.name}") for layer in spec.layers]
    return task, [layer / "python" for layer in layers]


def _unpacked(code: bytes, folder: Path, owner: str) -> Path:
    target = folder / hashlib.sha256(code).hexdigest()[:32]
    with _UNPACKING:  # the first calls of a function often come together
        if not target.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix="draft-") as draft:
                content = Path(draft) / "content"
                content.mkdir()
                try:
                    with zipfile.ZipFile(io.BytesIO(code)) as archive:
                        _extract(archive, content, owner)
                except zipfile.BadZipFile as error:
                    raise CannotRun(f"the code of {owner} is not a zip file") from error
                content.replace(target)
    return target


def _extract(archive: zipfile.ZipFile, target: Path, owner: str) -> None:
    """Extract everything; refuse links and entries outside of `target`."""
    for entry in archive.infolist():
        destination = (target / entry.filename).resolve()
        mode = entry.external_attr >> 16
        if not destination.is_relative_to(target.resolve()) or stat.S_ISLNK(mode):
            raise CannotRun(f"the zip of {owner} holds {entry.filename!r}, which leads out of its folder")
        archive.extract(entry, target)
        if not entry.is_dir():
            destination.chmod(0o755 if mode & 0o111 else 0o644)
    # A function may run as another user, whatever this user's umask is.
    for folder in (target, *(each for each in target.rglob("*") if each.is_dir())):
        folder.chmod(0o755)


def runtime_folder(folder: Path) -> Path:
    """A folder with AWS's runtime modules and nothing else, linked from this interpreter's packages."""
    target = folder / f"runtime-python{sys.version_info.major}.{sys.version_info.minor}"
    target.mkdir(parents=True, exist_ok=True)
    for name in _RUNTIME_MODULES:
        module = importlib.util.find_spec(name)
        if module is None or module.origin is None:
            if name in ("awslambdaric", "runtime_client"):
                raise CannotRun(f"the Python package {name} is not installed; run make setup")
            continue
        origin = Path(module.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = target / source.name
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return target


def process_environment(
    spec: FunctionSpec, *, endpoint: str, credentials: Mapping[str, str], paths: Sequence[Path], task: Path, stream: str
) -> dict[str, str]:
    """The environment variables of a function's process, as Lambda sets them, with `endpoint` for its calls of AWS.

    `paths` are the folder of the runtime and those of the layers.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": spec.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": spec.region,
        "LAMBDA_RUNTIME_DIR": str(paths[0]),
        "LAMBDA_TASK_ROOT": str(task),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": ":UTC",
        **credentials,
    }
    variables = {name: value for name, value in spec.environment.items() if name not in reserved}
    python_path = [*([variables["PYTHONPATH"]] if "PYTHONPATH" in variables else []), task, *paths[1:], paths[0]]
    return {**variables, **reserved, "PYTHONPATH": ":".join(map(str, python_path))}
