#!/bin/sh
# Makes what a release holds in dist/: zips of the functions, charts, images of services/* with their SBOMs, and
# subjects.txt, the digests that are signed. Beside it, in .groundwork/release/, is all of that unpacked: an SBOM lists what is inside.
set -eu
version=${1:-}
case $version in
v[0-9]*.[0-9]*.[0-9]*) ;;
*)
    echo "error: VERSION=$version is not a version" >&2
    echo "  fix: make release VERSION=v1.2.3" >&2
    exit 2
    ;;
esac
contents=.groundwork/release
rm -rf dist "$contents"
mkdir -p dist "$contents"

gw package --runtime python3.13 --architecture arm64 --json >"$contents/functions.json"
python -c 'import json, sys; print(*(package["path"] for package in json.load(sys.stdin)), sep="\n")' <"$contents/functions.json" |
    while read -r zip; do cp "$zip" dist/; done
rm "$contents/functions.json"
gw charts package --version "${version#v}" --out dist

for zip in dist/*.zip; do
    python -m zipfile -e "$zip" "$contents/$(basename "$zip" .zip)"
done
for chart in dist/*.tgz; do
    tar -xzf "$chart" -C "$contents"
done
(cd dist && sha256sum ./*.zip ./*.tgz | sed 's|\./||' >subjects.txt)

# Images are made without any credential and pushed by another job, as files whose digests are known.
gw images build --platform linux/amd64,linux/arm64 --out dist --json >"$contents/images.json"
python - "$version" "$contents/images.json" >>dist/subjects.txt <<'LIST'
import json, sys
for image in json.load(open(sys.argv[2])):
    for digest, suffix in ((image["digest"], ""), (image["sbom_digest"], ".sbom")):
        print(f"{digest.removeprefix('sha256:')}  {image['service']}:{sys.argv[1]}{suffix}")
LIST
rm "$contents/images.json"
for image in dist/*.oci.tar; do
    name=$(basename "$image" .oci.tar)
    case $name in *.sbom) continue ;; esac
    container=$(podman create "$(podman pull --quiet "oci-archive:$image")")
    mkdir "$contents/$name"
    podman export "$container" | tar -x -C "$contents/$name" --exclude 'dev/*'
    podman rm "$container" >/dev/null
done
cat dist/subjects.txt
