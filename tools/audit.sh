#!/bin/sh
# Known vulnerabilities of the packages that Pipfile.lock and services/runtime.txt pin, as OSV.dev knows them. It ends
# with 1 where there is one, and where OSV cannot be asked: then nothing is known, and the reason stands above.
# Arguments are pip-audit's: `make audit ARGS="--ignore-vuln GHSA-…"`. OSV_URL names another server with OSV's API.
set -eu
folder=.groundwork/audit
mkdir -p "$folder"
uv venv --quiet --allow-existing "$folder/venv"
uv pip install --quiet --python "$folder/venv" --require-hashes --requirement tools/audit-requirements.txt
python - >"$folder/Pipfile.lock.txt" <<'PINS'
import json, pathlib
groups = json.loads(pathlib.Path("Pipfile.lock").read_text())
pins = {name + about["version"] for key, group in groups.items() if key != "_meta" for name, about in group.items() if "version" in about}
print(*sorted(pins), sep="\n")
PINS
cp services/runtime.txt "$folder/services.txt"
failed=
for lock in "$folder/Pipfile.lock.txt" "$folder/services.txt"; do
    "$folder/venv/bin/pip-audit" --disable-pip --no-deps --progress-spinner off --cache-dir "$folder/cache" \
        --vulnerability-service osv --osv-url "${OSV_URL:-https://api.osv.dev/v1/query}" --requirement "$lock" "$@" \
        2>"$folder/messages" || failed="$failed $lock"
    tail -n 1 "$folder/messages" >&2
done
if [ -n "$failed" ]; then
    echo "error: not known to be without vulnerabilities:$failed" >&2
    echo "  fix: take versions without them; where OSV could not be asked (above), run it again with a network" >&2
    exit 1
fi
