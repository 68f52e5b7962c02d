"""AWS providers that serve one Terraform run after another, where Terraform would start three anew for each run.

A provider validates all its 1,500 resource types whenever Terraform shows it a configuration (`Provider.Validate` calls
`InternalValidate` in terraform-plugin-sdk 2.36), and Terraform decodes the schemas of all of them: that is nearly all
of the time of a small plan. So tests let Terraform start a small program instead (`dev_overrides`), which leads it to
the server in this file. The server

- gives each configured session a real provider of its own, one that served an equal session before or a new one:
  equal in configuration, environment and files of credentials;
- ends a provider that was interrupted, as Terraform does;
- answers two calls from memory, because they depend on nothing but the call: the schemas, reduced to the types that
  this repository names, and whether the configuration of a provider is valid.

As a program, `shared_provider.py BINARY FOLDER` makes FOLDER a place for `dev_overrides`, prints a line and serves
until its standard input ends.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

MEMORY = "GROUNDWORK_TESTS_PROVIDER_MEMORY"
"""Names the folder in which the servers of one test run remember answers; tests/conftest.py makes it."""
PROVIDER = "registry.terraform.io/hashicorp/aws"
SERVICE = "/tfplugin5.Provider/"
REMEMBERED = {"GetSchema", "PrepareProviderConfig"}
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
IDLE = 2
"""Providers that wait for another session, at 0.3 GB each."""
CHECKOUT = Path(__file__).parents[2]

_PROGRAM = """#!{python} -ISE
import json, os, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect({path!r})
link.sendall(json.dumps([os.getcwd(), dict(os.environ)]).encode() + b"\\n")
handshake = link.makefile().readline()
if not handshake:
    sys.exit("the server for shared providers has ended")
print(handshake, end="", flush=True)
link.recv(1)
"""


@cache
def folder_for(binary: Path) -> Path:
    """A folder for `dev_overrides`, whose server runs as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-provider-"))
    command = [sys.executable, str(Path(__file__)), str(binary), str(folder)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0)
    assert server.stdin
    assert server.stdout
    atexit.register(server.wait, 30)
    atexit.register(server.stdin.close)
    if server.stdout.readline() != "ready\n":
        raise RuntimeError(f"no server for {binary}: it ended with {server.wait()}")
    return folder


class _Provider:
    """A provider's process."""

    def __init__(self, binary: str, folder: str, environ: dict[str, str]) -> None:
        import grpc

        self._process = subprocess.Popen(
            [binary, "-debug"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        match = next(filter(None, (re.search("TF_REATTACH_PROVIDERS='(.*)'", line) for line in self._process.stdout)))
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        self._channel = grpc.insecure_channel(
            f"unix:{json.loads(match[1])[PROVIDER]['Addr']['String']}", options=UNLIMITED
        )

    def call(self, method: str, request: bytes, context: Any = None) -> bytes:
        future = self._channel.unary_unary(method).future(request, wait_for_ready=True)
        if context is not None:
            context.add_callback(future.cancel)
        answer: bytes = future.result()
        return answer

    def end(self) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()


@dataclass
class _Session:
    """What Terraform regards as one provider: validates, or is configured once and then works."""

    server: _Server
    folder: str
    environ: dict[str, str]
    key: bytes = b""
    provider: _Provider | None = None
    running: int = 0
    stopped: bool = False

    def answer(self, method: str, request: bytes, context: Any) -> bytes:
        match method.removeprefix(SERVICE):
            case name if name in REMEMBERED:
                return self.server.remembered(method, request)
            case "Configure":
                self.key = self._key(request)
                self.provider, configured = self.server.take(self.key, self.folder, self.environ)
                if configured:
                    return b""
                answer = self.provider.call(method, request, context)
                self.stopped = self.stopped or bool(answer)  # diagnostics: not to be used again
                return answer
            case "Stop":
                self.stopped = True
        self.running += 1
        answer = (self.provider or self.server.unconfigured).call(method, request, context)
        self.running -= 1
        return answer

    def end(self) -> None:
        """Keep the provider unless it was interrupted in a call."""
        if self.provider and (self.running or self.stopped):
            self.provider.end()
        elif self.provider:
            self.server.give(self.key, self.provider)

    def _key(self, request: bytes) -> bytes:
        """What a configured provider is made of, with the content of files that are named relative to its folder."""
        key = hashlib.sha256(request)
        for path in re.findall(rb"(?:\.\./)+[\w./-]+", request):
            file = Path(self.folder, path.decode())
            key.update(file.read_bytes() if file.is_file() else path)
        lasting = {name: value for name, value in self.environ.items() if not name.startswith(("TF_", "PWD"))}
        key.update(json.dumps(lasting, sort_keys=True).encode())
        return key.digest()


@dataclass
class _Server:
    binary: str
    memory: Path
    idle: list[tuple[bytes, _Provider]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def unconfigured(self) -> _Provider:
        """Answers what needs no configuration."""
        return _Provider(self.binary, "/", {"PATH": os.defpath})

    def take(self, key: bytes, folder: str, environ: dict[str, str]) -> tuple[_Provider, bool]:
        """A provider, and whether it has been configured."""
        with self.lock:
            for entry in self.idle:
                if entry[0] == key:
                    self.idle.remove(entry)
                    return entry[1], True
        return _Provider(self.binary, folder, environ), False

    def give(self, key: bytes, provider: _Provider) -> None:
        with self.lock:
            self.idle.append((key, provider))
            ended, self.idle = self.idle[:-IDLE], self.idle[-IDLE:]
        for _, each in ended:
            each.end()

    def remembered(self, method: str, request: bytes) -> bytes:
        name = hashlib.sha256(method.encode() + request).hexdigest()
        path = self.memory / name
        if not path.exists():
            with self.lock:
                answer = self.unconfigured.call(method, request)
            if method == f"{SERVICE}GetSchema":
                answer = reduced(answer, _named_types())
            temporary = self.memory / f"{name}.{os.getpid()}.{threading.get_ident()}"
            temporary.write_bytes(answer)
            temporary.replace(path)
        return path.read_bytes()

    def end(self) -> None:
        for _, provider in self.idle:
            provider.end()
        if "unconfigured" in vars(self):
            self.unconfigured.end()


def reduced(schemas: bytes, types: Collection[str]) -> bytes:
    """An answer to GetSchema with the resource and data source types in `types`.

    In tfplugin5.proto the fields 2 and 3 are maps from the name of a type to its schema.
    """
    return b"".join(
        encoded
        for number, encoded, content in _fields(schemas)
        if number not in {2, 3} or next(_fields(content))[2].decode() in types
    )


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, encoding and content of each field of a message that has fields with a length only."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        if tag & 7 != 2:
            raise ValueError(f"field {tag >> 3} has wire type {tag & 7}")
        length, at = _varint(message, at)
        yield tag >> 3, message[start : at + length], message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


@cache
def _named_types() -> frozenset[str]:
    """Every word in code, Terraform and synthesised stacks of this repository that could be a type of the provider."""
    command = ["git", "grep", "--untracked", "-hoE", "aws_[a-z0-9_]+", "--", "*.py", "*.tf", "tests/golden"]
    named = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True)
    return frozenset(named.stdout.decode().split())


def _certificate() -> tuple[bytes, bytes, str]:
    """Key and certificate of this server, both as PEM, and the certificate as a plugin's handshake has it."""
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    encoded = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")
    return secret, certificate.public_bytes(serialization.Encoding.PEM), encoded


def _serve(binary: str, folder: Path) -> None:
    import grpc

    memory = Path(os.environ.get(MEMORY) or folder)
    server = _Server(binary, memory)
    secret, certificate, encoded = _certificate()
    credentials = grpc.ssl_server_credentials([(secret, certificate)])

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def __init__(self, session: _Session, link: socket.socket) -> None:
            self.session, self.link = session, link

        def service(self, details: Any) -> Any:
            if details.method == "/plugin.GRPCController/Shutdown":
                return grpc.unary_unary_rpc_method_handler(self._shut_down)
            if not details.method.startswith(SERVICE):
                return None
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: self.session.answer(details.method, request, context)
            )

        def _shut_down(self, _request: bytes, _context: Any) -> bytes:
            """Let the program end that Terraform started; it holds the link open until then."""
            self.link.shutdown(socket.SHUT_WR)
            return b""

    def serve_session(link: socket.socket) -> None:
        with link, link.makefile() as lines:
            folder, environ = json.loads(lines.readline())
            # With Terraform's certificate in its environment a provider would speak TLS with this server as well.
            environ = {name: value for name, value in environ.items() if not name.startswith("PLUGIN_")}
            session = _Session(server, folder, environ)
            front = grpc.server(ThreadPoolExecutor(16), (Handler(session, link),), options=UNLIMITED)
            port = front.add_secure_port("127.0.0.1:0", credentials)
            front.start()
            link.sendall(f"1|5|tcp|127.0.0.1:{port}|grpc|{encoded}\n".encode())
            lines.read()
            session.end()
            front.stop(None)

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "server"))
    listener.listen(64)
    program = folder / "terraform-provider-aws"
    program.write_text(_PROGRAM.format(python=sys.executable, path=str(folder / "server")))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    threading.Thread(target=_accept, args=(listener, serve_session), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.end()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _accept(listener: socket.socket, serve_session: Callable[[socket.socket], None]) -> None:
    while True:
        link, _ = listener.accept()
        threading.Thread(target=serve_session, args=(link,), daemon=True).start()


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
