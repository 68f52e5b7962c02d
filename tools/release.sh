#!/bin/sh
# Makes what a release holds in dist/: zips of the functions, charts, images of services/*, and subjects.txt, the
# digests that are signed. Beside it, in .groundwork/release/, is all of that unpacked: an SBOM lists what is inside.
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

# An image is made without any credential and pushed by another job, as a file whose digest is known.
git ls-files 'services/*/src/*/main.py' | while read -r file; do
    name=$(basename "$(dirname "$file")")
    podman build --quiet --format oci --timestamp "$(git log -1 --format=%ct)" --build-arg "SERVICE=$name" \
        --tag "localhost/$name:$version" services
    podman save --quiet --format oci-archive --output "dist/$name.oci.tar" "localhost/$name:$version"
    digest=$(skopeo inspect --format '{{.Digest}}' "oci-archive:dist/$name.oci.tar")
    echo "${digest#sha256:}  $name:$version" >>dist/subjects.txt
    container=$(podman create "localhost/$name:$version")
    mkdir "$contents/$name"
    podman export "$container" | tar -x -C "$contents/$name" --exclude 'dev/*'
    podman rm "$container" >/dev/null
done
cat dist/subjects.txt
