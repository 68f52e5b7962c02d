"""Synthesises checkouts one after the other, each in a fork of one process that has imported what they all import.

Started as `python -m tests.review.warm_synthesis ROOT`: imports all but the stacks of ROOT, which differ between the
checkouts, and then reads lines "ROOT<tab>OUT" and answers each with the exit code. A synthesis takes a fifth of the
time of its own process. What changes `groundwork` itself cannot be seen here.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path


class WarmSynthesis:
    """The process: `synthesise` writes the stacks of a checkout's main.py to a folder."""

    def __init__(self, root: Path, *, imports: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.review.warm_synthesis", str(root)],
            cwd=imports,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = False

    def synthesise(self, root: Path, out: Path) -> None:
        """Write the stacks of `root` to `out`; main.py prints what is wrong where it fails."""
        commands, answers = self._process.stdin, self._process.stdout
        assert commands is not None
        assert answers is not None
        commands.write(f"{root}\t{out}\n")
        commands.flush()
        answer = answers.readline().strip()
        assert answer == "0", f"main.py of {root} ended with {answer or 'the process'}"

    def close(self) -> None:
        """End the process, by the end of its input."""
        with self._process:
            pass


def _run(root: str, out: str) -> None:
    os.chdir(root)
    os.environ["CDKTF_OUTDIR"] = out
    sys.argv = ["main.py"]
    sys.path.insert(0, root)
    runpy.run_path(f"{root}/main.py", run_name="__main__")
    sys.path.remove(root)


def _forked(root: str, out: str) -> int:
    """The exit code of a synthesis in a fork of this process."""
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _run(root, out)
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            # Without Python's end, which would close the connection to Node that all of them share.
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _serve(root: str) -> None:
    here = str(Path.cwd())
    with tempfile.TemporaryDirectory() as scratch:
        _run(root, scratch)
    os.chdir(here)
    for name in [name for name in sys.modules if name.partition(".")[0] == "stacks"]:
        del sys.modules[name]
    for line in sys.stdin:
        print(_forked(*line.rstrip("\n").split("\t")), flush=True)  # noqa: T201


if __name__ == "__main__":
    _serve(sys.argv[1])
