"""One image for both processors and both targets: Kubernetes and Lambda."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

import httpx
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from groundwork.paths import Project
from groundwork.toolchain import go_tools
from localcloud.aws.lambda_process import FunctionProcess
from stacks.images import index, oci_archive, sbom
from stacks.images.builder import PLATFORMS, Builder
from stacks.images.index import Index
from tests.services.conftest import Enter
from tests.support.processes import free_port, wait_for_answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("image")]

# Machines in the header of an ELF file: its specification, e_machine; linux/elf-em.h.
ELF_MACHINES = {"linux/amd64": 62, "linux/arm64": 183}
UNCHECKED_HASH = 1
"""Flags of byte code that is never compared with its source (PEP 552)."""


def blob(files: tarfile.TarFile, digest: str) -> IO[bytes]:
    return cast("IO[bytes]", files.extractfile(f"blobs/{digest.replace(':', '/')}"))


def files_of(archive: Path, digest: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the layers of an image in an archive."""
    with tarfile.open(archive) as files:
        for layer in json.load(blob(files, digest))["layers"]:
            with tarfile.open(fileobj=blob(files, layer["digest"]), mode="r|*") as opened:
                for file in opened:
                    if file.isfile():
                        yield file.name, cast("IO[bytes]", opened.extractfile(file)).read()


def installed(archive: Path, digest: str) -> tuple[set[str], set[int], set[int], list[str]]:
    """Distributions, machines of libraries, flags of byte code and names of all files, of an image's /app."""
    packages, machines, flags, names = set(), set(), set(), []
    for name, content in files_of(archive, digest):
        names.append(name)
        if name.startswith("app/") and name.endswith(".dist-info/METADATA"):
            packages.add(name.split("/")[1].partition("-")[0].lower().replace("_", "-"))
        elif name.startswith("app/") and ".so" in Path(name).suffixes:
            assert content[:4] == b"\x7fELF"
            machines.add(int.from_bytes(content[18:20], "little"))
        elif name.startswith("app/") and name.endswith(".pyc"):
            flags.add(int.from_bytes(content[4:8], "little"))
    return packages, machines, flags, names


@pytest.mark.row("0.5", "0.6")
def test_each_processor_has_an_image_with_wheels_of_its_own(transactions: Index) -> None:
    assert set(transactions.content.platforms) == set(PLATFORMS)
    for platform, digest in transactions.content.platforms.items():
        packages, machines, flags, names = installed(transactions.archive, digest)
        assert machines == {ELF_MACHINES[platform]}
        assert {"fastapi", "pymongo", "awslambdaric"} <= packages
        assert flags == {UNCHECKED_HASH}, "byte code that names a time differs from build to build"
        assert ("base-of-arm64" in names) is (platform == "linux/arm64")
        with tarfile.open(transactions.archive) as files:
            config = json.load(blob(files, json.load(blob(files, digest))["config"]["digest"]))
        assert f"linux/{config['architecture']}" == platform
        assert config["created"].startswith("1970-01-01"), "an image says nothing of when it was built"


def test_what_is_built_already_is_not_built_again(transactions: Index) -> None:
    folder = transactions.archive.parent
    assert index.known(transactions.image, folder, PLATFORMS) == transactions
    assert index.known(transactions.image, folder, ["linux/arm64"]) is None
    assert index.known(transactions.image, folder / "elsewhere", PLATFORMS) is None


def test_equal_sources_make_an_image_with_the_same_digest(
    builder: Builder, bases: str, transactions: Index, checkout: Path, tmp_path: Path
) -> None:
    """Of another checkout, whose files have other times, and in which code ran."""
    sources = tmp_path / "services"
    for part in ("Dockerfile", ".dockerignore", "runtime.txt", "servicekit/src", "transactions/src"):
        (sources / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(checkout / "services" / part), str(sources / part)], check=True)
    left = sources / "transactions" / "src" / "transactions" / "__pycache__" / "queries.cpython-311.pyc"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of another version")
    again = index.build(builder, transactions.image, sources, tmp_path, platforms=PLATFORMS, base=bases)
    assert (again.digest, again.content.platforms) == (transactions.digest, transactions.content.platforms)
    assert oci_archive.read(again.sbom).digest == oci_archive.read(transactions.sbom).digest


@pytest.mark.row("0.5")
def test_the_sbom_names_what_is_in_the_image(transactions: Index) -> None:
    with tarfile.open(transactions.sbom) as files:
        manifest = json.load(blob(files, oci_archive.read(transactions.sbom).digest))
        text = blob(files, manifest["layers"][0]["digest"]).read().decode()
    assert manifest["subject"]["digest"] == transactions.digest
    assert manifest["layers"][0]["mediaType"] == sbom.MEDIA_TYPE
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    bill: dict[str, Any] = json.loads(text)
    assert bill["metadata"]["component"]["version"] == transactions.digest
    named = {component["name"] for component in bill["components"]}
    for digest in transactions.content.platforms.values():
        assert named == installed(transactions.archive, digest)[0]


# ── on Kubernetes and on Lambda ────────────────────────────────────────────────────────────────────
_DATABASE = """
import sys
from payments import transaction
from pymongo import MongoClient
from servicekit.ferretdb import FerretServer
from servicekit.testing import PostgresServer
from transactions.queries import COLLECTION
with PostgresServer() as postgres, FerretServer(sys.argv[1], postgres.create("ferretdb")) as server:
    url = server.url("opayo")
    with MongoClient(url) as client:
        client.opayo[COLLECTION].insert_one(transaction(1, days=1))
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(checkout: Path) -> Iterator[str]:
    """The address of a MongoDB with one transaction of a Visa card: FerretDB, by the services' own Python."""
    services = checkout / "services"
    python, ferretdb = services / ".venv" / "bin" / "python", go_tools.find("ferretdb", os.environ, Project(checkout))
    if not python.exists() or ferretdb is None:
        pytest.skip("the services' packages or FerretDB are missing: `tools/setup.sh services` installs them")
    process = subprocess.Popen(
        [str(python), "-c", _DATABASE, str(ferretdb.path)],
        env={**os.environ, "PYTHONPATH": str(services / "transactions" / "tests")},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield cast("IO[str]", process.stdout).readline().strip()
    finally:
        process.communicate(timeout=60)


@pytest.fixture
def root(builder: Builder, transactions: Index) -> Iterator[Path]:
    """The transactions' image for this machine, mounted."""
    container = builder.run("from", f"{transactions.image.name}-index")
    yield Path(builder.run("mount", container))
    builder.run("umount", container)


@pytest.mark.row("4.18")
def test_the_same_image_is_a_server_and_a_lambda_function(
    builder: Builder, transactions: Index, root: Path, enter: Enter, database: str
) -> None:
    """On Lambda the entry point and command of the image are overridden (Lambda API reference, ImageConfig).

    The function talks to a Runtime API as the developer guide describes it, that of the embedded AWS.
    """
    about = json.loads(builder.run("inspect", "--type", "image", f"{transactions.image.name}-index"))
    config = about["OCIv1"]["config"]
    environ = {"PATH": os.environ["PATH"], "DATABASE_URL": database}
    environ |= dict(variable.split("=", 1) for variable in config["Env"] if not variable.startswith("PATH="))
    path = "/transactions/90/card/Visa"

    port = free_port()
    command = enter(root, config["Entrypoint"] + config["Cmd"])
    server = subprocess.Popen(
        command,
        env={**environ, "HOST": "127.0.0.1", "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/readyz", server)
        assert httpx.get(f"http://127.0.0.1:{port}{path}").json() == {"count": 1}
    finally:
        server.terminate()
        server.communicate(timeout=60)

    def start(variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        words = enter(root, ["python3", "-m", "awslambdaric", "transactions.lambda_handler.handler"])
        return subprocess.Popen(words, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    lambda_variables = {"AWS_LAMBDA_FUNCTION_NAME": "transactions", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}
    function = FunctionProcess(start, {**environ, **lambda_variables})
    try:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"host": "api.example.com"},
            "requestContext": {"http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}, "stage": "$default"},
            "isBase64Encoded": False,
        }
        arn = "arn:aws:lambda:eu-west-2:111122223333:function:transactions"
        for number in range(2):
            result = function.invoke(json.dumps(event).encode(), request_id=str(number), arn=arn, timeout=60)
            assert result.error == "", (result, function.take_output())
            answer = json.loads(result.payload)
            assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"count": 1})
    finally:
        function.end()
