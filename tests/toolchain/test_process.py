"""Programs end cleanly: lines, exit codes, time limits, interrupts and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from groundwork.errors import Interrupted, ToolMissing
from groundwork.toolchain import process

# A fake Terraform: it holds a lock, frees it at the first interrupt, and exits at once at the second.
TERRAFORM = """#!{python}
import pathlib, signal, sys, time
lock, seen = pathlib.Path(sys.argv[1]), []
def interrupted(*_):
    seen.append(1)
    if len(seen) > 1:
        sys.exit(1)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as Go handles it for standard output and error
lock.write_text("held")
print("holding", flush=True)
while not seen:
    time.sleep(0.02)
print("interrupted" * 20_000, flush=True)  # more than a pipe holds
time.sleep(0.5)
lock.unlink()
print("released", flush=True)
"""


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    # The kernel names a script's process after its interpreter: a renamed one makes the process a "terraform".
    (tmp_path / "terraform").symlink_to(Path(sys.executable).resolve())
    script = tmp_path / "hold.py"
    script.write_text(TERRAFORM.format(python=sys.executable))
    return tmp_path / "terraform"


def wait_until(holds: object, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_arrive_in_order_and_the_exit_code_is_the_programs() -> None:
    lines: list[str] = []
    done = process.run(python("import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"), on_line=lines.append)
    assert sorted(lines) == ["a", "b"]
    assert (done.code, done.ok) == (3, False)
    assert "a" in done.tail


def test_lines_arrive_while_the_program_still_runs() -> None:
    seen: list[float] = []
    began = time.monotonic()
    process.run(
        python("import time; print('now', flush=True); time.sleep(1)"),
        on_line=lambda _: seen.append(time.monotonic() - began),
    )
    assert seen[0] < 0.9


def test_standard_output_can_be_collected_apart() -> None:
    lines: list[str] = []
    code = "import sys; print('{}'); print('warning', file=sys.stderr)"
    done = process.run(python(code), keep_stdout=True, on_line=lines.append)
    assert (done.stdout, lines) == ("{}\n", ["warning"])


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolMissing, match="no-such-program is not on PATH"):
        process.run(["no-such-program"], environ={"PATH": "/nowhere"})


def test_a_time_limit_ends_the_program_and_its_children() -> None:
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    lines: list[str] = []
    done = process.run(python(code), timeout=0.5, on_line=lines.append)
    assert done.timed_out
    assert done.seconds < 8
    assert not psutil.pid_exists(int(lines[0]))


def test_a_child_in_a_session_of_its_own_does_not_outlive_the_program() -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"
    lines: list[str] = []
    assert process.run(python(code), on_line=lines.append).ok
    assert not psutil.pid_exists(int(lines[0]))


def test_stop_interrupts_terraform_once_so_that_it_frees_its_lock(terraform: Path, tmp_path: Path) -> None:
    lock, stop, lines = tmp_path / "lock", threading.Event(), list[str]()
    threading.Thread(target=lambda: (wait_until(lock.exists), stop.set())).start()
    with pytest.raises(Interrupted):
        process.run([str(terraform), str(tmp_path / "hold.py"), str(lock)], stop=stop, on_line=lines.append)
    assert not lock.exists()


# A fake cdktf: it starts Terraform in a session of its own and dies at once when it is signalled.
CLI = "import subprocess, sys; subprocess.run(sys.argv[1:], start_new_session=True)"
GROUNDWORK = """
import sys
from groundwork.toolchain import process
process.run([sys.executable, "-c", {cli!r}, *sys.argv[1:]], on_line=print)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_groundwork_ends_terraform_frees_its_lock_and_all_end(
    number: signal.Signals, terraform: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", GROUNDWORK.format(cli=CLI), str(terraform), str(tmp_path / "hold.py"), str(lock)]
    groundwork = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lock.exists)
    below = psutil.Process(groundwork.pid).children(recursive=True)
    assert "terraform" in {child.name() for child in below}
    os.kill(groundwork.pid, number)
    groundwork.wait(timeout=15)
    wait_until(lambda: not any(child.is_running() for child in below))
    assert not lock.exists()


def test_terraform_that_a_failed_program_leaves_frees_its_lock(terraform: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    cli = (
        "import pathlib, subprocess, sys, time; subprocess.Popen(sys.argv[1:], start_new_session=True)\n"
        "while not pathlib.Path(sys.argv[-1]).exists(): time.sleep(0.02)\n"
        "sys.exit(7)"
    )
    done = process.run([sys.executable, "-c", cli, str(terraform), str(tmp_path / "hold.py"), str(lock)])
    assert done.code == 7
    assert "released" in done.tail
    assert not lock.exists()


def test_a_program_that_ignores_signals_is_killed_after_the_grace_period() -> None:
    code = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; time.sleep(60)"
    done = process.run(python(code), timeout=0.5, grace=1)
    assert done.timed_out
    assert done.seconds < 6
