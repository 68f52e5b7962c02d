"""The server process: patched moto on a loopback port until SIGTERM or SIGINT."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import structlog
from werkzeug.serving import BaseWSGIServer, make_server

from groundwork.local.aws.app import Application
from groundwork.local.aws.control import Control
from groundwork.local.aws.gateway.front import Gateway
from groundwork.local.aws.routing import Router

log = structlog.get_logger(__name__)


def serve(*, port: int, state: Path) -> None:
    """Serve on 127.0.0.1:`port` until a signal asks to end. moto's settings must be in the environment already."""
    application, control = build(port=port, state=state)
    server = listen(application, port=port)
    control.on_shutdown = server.shutdown
    stopping = threading.Event()

    def stop(number: int, _frame: Any) -> None:
        if not stopping.is_set():
            stopping.set()
            log.info("ending", signal=signal.Signals(number).name)
            # shutdown() waits for serve_forever, which is what this handler interrupted.
            threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    from groundwork.local.aws import lambda_invoke

    log.info("listening", endpoint=f"http://127.0.0.1:{port}", state=str(state))
    try:
        server.serve_forever()
    finally:
        server.server_close()
        lambda_invoke.runtime().close()


def build(*, port: int, state: Path) -> tuple[Application, Control]:
    """The application and its control part, with every patch applied."""
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from groundwork.local.aws import lambda_invoke, services
    from groundwork.local.aws.lambda_runtime import LambdaRuntime

    default_user_config["lambda"]["use_docker"] = False
    default_user_config["batch"]["use_docker"] = False
    default_user_config["iam"]["load_aws_managed_policies"] = True
    state.mkdir(parents=True, exist_ok=True)
    routes = services.install_all()
    lambda_invoke.configure(LambdaRuntime(folder=state.parent / "lambda", endpoint=f"http://127.0.0.1:{port}"))
    control = Control(port=port)
    gateway = Gateway()
    application = Application(
        moto=DomainDispatcherApplication(create_backend_app), router=Router(routes), parts=[gateway, control]
    )
    return application, control


def listen(application: Application, *, port: int) -> BaseWSGIServer:
    """A threaded HTTP server on 127.0.0.1 that answers with `application`; raises OSError when the port is taken."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        """Writes a line for requests that failed only: Terraform sends thousands."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            if str(code)[:1] == "5":
                super().log_request(code, size)

    return make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietHandler)
