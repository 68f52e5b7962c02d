"""The server process: patched moto on a loopback port until SIGTERM or SIGINT."""

from __future__ import annotations

import functools
import gc
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from filelock import FileLock, Timeout
from werkzeug.serving import BaseWSGIServer, make_server

from groundwork.errors import LocalCloudError
from localcloud.aws.app import Application
from localcloud.aws.control import Control
from localcloud.aws.entrance import Entrance
from localcloud.aws.gateway.front import Gateway
from localcloud.aws.identity import forget_expired
from localcloud.aws.inventory import install_baseline
from localcloud.aws.lambda_runtime import LambdaRuntime
from localcloud.aws.patching import Method, wrap
from localcloud.aws.persistence import Persistence
from localcloud.aws.routing import Router
from localcloud.profile import Profile

_LOCK_SECONDS = 20.0

log = structlog.get_logger(__name__)


@dataclass
class Parts:
    """What a server consists of."""

    application: Application
    control: Control
    persistence: Persistence
    functions: LambdaRuntime


def serve(*, port: int, state: Path) -> None:
    """Serve on 127.0.0.1:`port` until a signal asks to end. moto's settings must be in the environment already.

    Only one server works on a state folder. This waits for another, and for the saving copy of one that was killed.
    """
    state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(state / "server.lock", timeout=_LOCK_SECONDS):
            _serve(port=port, state=state)
    except Timeout as error:
        raise LocalCloudError(f"another embedded AWS works on {state}", fix="gw local down") from error


def _serve(*, port: int, state: Path) -> None:
    parts = build(port=port, state=state)
    # AWS's managed policies and instance types are hundreds of thousands of objects that the collector may skip.
    gc.freeze()
    gc.enable()
    server = listen(parts.application, port=port)
    parts.persistence.close_in_child = server.socket.close
    stopping = threading.Event()

    def stop(reason: str) -> None:
        if not stopping.is_set():
            stopping.set()
            log.info("ending", reason=reason)
            # shutdown() waits for serve_forever, which a signal handler interrupts in this very thread.
            threading.Thread(target=server.shutdown, daemon=True).start()

    def on_signal(number: int, _frame: Any) -> None:
        stop(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    parts.control.on_shutdown = lambda: stop("shutdown request")

    def clean_up() -> None:
        parts.functions.end_idle()
        forget_expired()

    parts.persistence.run(tick=clean_up)
    log.info("listening", endpoint=f"http://127.0.0.1:{port}", state=str(state))
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        parts.functions.close()
        parts.persistence.stop()
        log.info("ended")


def build(*, port: int, state: Path) -> Parts:
    """A server with every patch applied and the saved state restored."""
    from moto import backends
    from moto.core.base_backend import BackendDict
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    from localcloud.aws import identity, lambda_invoke, services
    from localcloud.aws.services import sts

    default_user_config["lambda"]["use_docker"] = False
    default_user_config["batch"]["use_docker"] = False
    default_user_config["iam"]["load_aws_managed_policies"] = True
    wrap(backends, "list_of_moto_modules", _listed_once)
    wrap(BackendDict, "_create_account_specific_backend", _create_missing)
    install_baseline()
    router = Router(services.install_all())
    functions = LambdaRuntime(
        folder=state.parent / "lambda",
        endpoint=f"http://127.0.0.1:{port}",
        hidden=[Path.home(), state.parent.parent],
    )
    lambda_invoke.configure(functions)
    sts.configure(state.parent / "oidc")
    keys = Profile(state.parent).keys()
    if keys is None:
        raise LocalCloudError(f"{state.parent} has no keys for the embedded AWS", fix="gw local up")
    identity.configure(keys.access_key)
    persistence = Persistence(state)
    control = Control(port=port, persistence=persistence, functions=functions)
    application = Application(
        moto=DomainDispatcherApplication(_moto_service), router=router, parts=[Gateway(), Entrance(), control]
    )
    control.restored = persistence.restore(application)
    if control.restored.anything:
        log.info("restored", **vars(control.restored))
    application.observe(persistence)
    return Parts(application, control, persistence, functions)


@functools.cache
def _listed_once(original: Method) -> tuple[str, ...]:
    """moto lists its own folder for each request, which takes four times as long as its answer under load."""
    return tuple(original())


def _create_missing(original: Method, backends: dict[str, Any], account: str) -> None:
    """moto takes a lock of all its services for each look at one of them, and threads under load queue for that."""
    if account not in backends:
        original(backends, account)


def _moto_service(name: str | None) -> Any:
    """moto's application for a service; it asks for None where it has none of that name."""
    from moto.moto_server.werkzeug_app import create_backend_app

    if name is None:
        raise NotImplementedError
    return create_backend_app(name)


def listen(application: Application, *, port: int) -> BaseWSGIServer:
    """A threaded HTTP server on 127.0.0.1 that answers with `application`; raises OSError when the port is taken."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        """Writes a line for requests that failed only: Terraform sends thousands."""

        # Head and body are sent together. A client on a busy machine was seen to close its end between the two (`use of
        # closed network connection`), and lost the answer to a request that was carried out.
        wbufsize = 1 << 16

        def handle_expect_100(self) -> bool:
            answered: bool = super().handle_expect_100()
            self.wfile.flush()  # boto3 waits a second for this answer before it sends an object's bytes
            return answered

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            if str(code)[:1] == "5":
                super().log_request(code, size)

    return make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietHandler)
