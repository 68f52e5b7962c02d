"""How quickly the embedded AWS answers: objects beside a plain moto_server, and an API under load."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from groundwork.bench.measure import MeasurementFailed
from groundwork.bench.report import Row
from groundwork.paths import Project

ENVIRONMENT = "local"
"""The environment that is deployed to the embedded AWS."""
_HERE = Path(__file__).parent


class PutObjects:
    """Objects of 1 KiB and 1 MiB: boto3 waits a second where a server does not answer `Expect: 100-continue`."""

    title = "put_object of boto3"
    pairs = 3

    def rows(
        self, project: Project, environ: Mapping[str, str], pairs: int, on_step: Callable[[str], None]
    ) -> Sequence[Row]:
        """The median of single puts, both servers in turn."""
        _run([_gw(), "local", "up"], project, environ)
        seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
        with _moto_server(project, environ) as plain:
            sides = {"moto_server": plain, "embedded AWS": profile_environ(project, environ)}
            for turn in range(1, pairs + 1):
                for name, own in sides.items():
                    on_step(f"{self.title}: {name}, {turn} of {pairs}")
                    for size in _SIZES:
                        puts = _program("put_objects.py", _PUTS, size, project=project, environ=own)
                        seconds[name, size] += [each * 1000 for each in puts]
        before, after = sides
        return [
            Row(f"{self.title}, {label}", "time", "ms", before, median(seconds[before, size]), after,
                median(seconds[after, size]), pairs * _PUTS)
            for size, label in _SIZES.items()
        ]  # fmt: skip


_PUTS = 50
_SIZES = {1024: "1 KiB", 1024 * 1024: "1 MiB"}


class Load:
    """POST /populate of the deployed laptop for five seconds at each rate; before the first the embedded AWS starts."""

    title = "POST /populate"
    pairs = 1

    def __init__(self, rates: Sequence[int] = (10, 200)) -> None:
        self.rates = rates

    def rows(
        self, project: Project, environ: Mapping[str, str], pairs: int, on_step: Callable[[str], None]
    ) -> Sequence[Row]:
        """How many were answered as AWS answers them, 201 or a throttled 429, and in which time."""
        on_step(f"{self.title}: deploying")
        deploy_laptop(project, environ)
        answers: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for _ in range(pairs):
            for command in ("down", "up"):
                _run([_gw(), "local", command], project, environ)
            for rate in self.rates:
                on_step(f"{self.title}: {rate * _SECONDS} requests, {rate} a second")
                own = profile_environ(project, environ)
                answers[rate] += _program("post_populate.py", rate, _SECONDS, project=project, environ=own)
        return [
            row
            for number, (rate, got) in enumerate(answers.items())
            for row in _load_rows(f"{self.title}, {rate} a second{'' if number else ' on a cold server'}", got)
        ]


def _load_rows(title: str, answers: Sequence[tuple[int, float]]) -> Iterator[Row]:
    statuses = Counter(status for status, _ in answers)
    written = [seconds * 1000 for status, seconds in answers if status == HTTPStatus.CREATED]
    if not written:
        raise MeasurementFailed(f"{title}: nothing was written, the answers were {dict(statuses)}")
    throttled = statuses[HTTPStatus.TOO_MANY_REQUESTS]
    good = f"201, and {throttled} throttled" if throttled else "201"
    slow = quantiles(written, n=20)[-1] if len(written) > 1 else written[0]
    yield Row(title, "answers", "", "sent", len(answers), good, len(written) + throttled, len(answers))
    yield Row(title, "time", "ms", "95 %", slow, "median", median(written), len(written))


_SECONDS = 5


def profile_environ(project: Project, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the profile of the checkout's embedded AWS, and nothing of any other AWS."""
    folder = project.work / "aws"
    return {
        **{name: value for name, value in environ.items() if not name.startswith("AWS_")},
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_PROFILE": "groundwork-laptop",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def deploy_laptop(project: Project, environ: Mapping[str, str] | None = None) -> None:
    """Start the embedded AWS and deploy to it, where that has not been done."""
    for command in (("local", "up"), ("deploy", ENVIRONMENT)):
        _run([_gw(), *command], project, environ)


def _gw() -> str:
    return str(Path(sys.executable).with_name("gw"))


def _run(command: Sequence[str], project: Project, environ: Mapping[str, str] | None) -> str:
    done = subprocess.run(command, cwd=project.root, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _program(name: str, *arguments: int, project: Project, environ: Mapping[str, str]) -> Any:
    return json.loads(_run([sys.executable, str(_HERE / name), *map(str, arguments)], project, environ))


@contextmanager
def _moto_server(project: Project, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A plain moto_server on a free port, and the environment for its clients."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        cwd=project.root,
        env=dict(environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(server, port)
        own = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
        yield {
            **own,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
        }
    finally:
        server.kill()
        server.wait()


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < end:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise MeasurementFailed("moto_server does not start")
