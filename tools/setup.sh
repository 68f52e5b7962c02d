#!/bin/sh
# Finds a Python that is supported and really runs (a shim on PATH may not), then hands over to setup.py.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
probe='import sys, ensurepip, venv, ssl, sqlite3, ctypes; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'

usable() { "$1" -I -c "$probe" >/dev/null 2>&1; }

if [ -n "${GROUNDWORK_PYTHON:-}" ]; then
    if ! usable "$GROUNDWORK_PYTHON"; then
        echo "error: GROUNDWORK_PYTHON=$GROUNDWORK_PYTHON is not a working Python 3.11 or 3.12 with venv, ssl and sqlite3" >&2
        echo "  fix: name another, as in: make setup PYTHON=/usr/bin/python3.11" >&2
        exit 4
    fi
    exec "$GROUNDWORK_PYTHON" -I "$here/setup.py" "$@"
fi
for python in python3.11 python3.12 python3 python; do
    if usable "$python"; then
        exec "$python" -I "$here/setup.py" "$@"
    fi
done
echo "error: no working Python 3.11 or 3.12 with venv, ssl and sqlite3 is on PATH" >&2
for python in python3.11 python3.12 python3; do
    if command -v "$python" >/dev/null 2>&1; then
        problem=$("$python" -I -c "$probe" 2>&1 | tail -n 1) || true
        version=$("$python" -V 2>/dev/null) || version="does not run"
        echo "  seen: $(command -v "$python"): ${version}${problem:+, $problem}" >&2
    fi
done
echo "  fix: install one (Debian, Ubuntu: apt install python3.11 python3.11-venv), or: make setup PYTHON=/path/to/python3.11" >&2
exit 4
