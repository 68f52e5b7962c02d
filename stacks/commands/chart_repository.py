"""A Helm repository in an S3 bucket: packages that never change, and an index that loses no entry.

Plain HTTP serves it: Helm needs no plugin. The packages decide what the repository holds, and the index follows: who
publishes also adds what somebody else stored and did not live to index.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import ReleaseFailed, StackBlocked, TerraformFailed
from groundwork.state import aws
from stacks.commands.chart_packages import FILE, Package
from stacks.commands.helm_program import HelmProgram

INDEX = "index.yaml"
Result = Literal["published", "unchanged"]

# S3 answers 412 where the condition does not hold, 409 where two conditional writes of a key meet, and 404 to If-Match
# where the object was deleted. Source: S3 API reference, PutObject; S3 user guide, "Add preconditions to S3 operations
# with conditional requests".
_ANOTHER_WAS_QUICKER = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"})
_ATTEMPTS = 30
_LONGEST_WAIT = 2.0  # seconds


@dataclass(frozen=True)
class _Index:
    """An index as it was read: `etag` is empty where the bucket has no index, `digests` are file → SHA-256."""

    body: bytes
    etag: str
    digests: Mapping[str, str]


@dataclass(frozen=True)
class ChartRepository:
    """The repository in a bucket. `client` is a boto3 client of S3, whose credentials decide what is allowed.

    Methods raise StackBlocked where there is no bucket, ReleaseFailed where other bytes have a version already or the
    index is unusable, TerraformFailed where AWS refuses.
    """

    client: Any
    bucket: str
    helm: HelmProgram
    sleep: Callable[[float], None] = time.sleep

    def location(self, package: Package) -> str:
        """Where a package lies."""
        return self._address(package.file)

    def _address(self, file: str) -> str:
        return f"s3://{self.bucket}/{file}"

    def compare(self, packages: Sequence[Package]) -> list[Result]:
        """What `publish` would do with each package, by reading alone; refuses what it would refuse."""
        with self._explained():
            index = self._index()
            stored = [self._is_stored(each) and index.digests.get(each.file) == each.sha256 for each in packages]
            return ["unchanged" if each else "published" for each in stored]

    def publish(self, packages: Sequence[Package]) -> list[Result]:
        """Store packages, each once, and see that the index has them; says for each whether anything changed.

        It may run again after an end at any point, and beside others.
        """
        with self._explained():
            stored = [self._store(each) for each in packages]
            indexed = self._complete_index(packages)
            results = zip(packages, stored, strict=True)
            return ["published" if new or each.file in indexed else "unchanged" for each, new in results]

    # ── packages ───────────────────────────────────────────────────────────────────────────────────
    def _store(self, package: Package) -> bool:
        """Whether the package was new."""
        for wait in _waits():
            if self._put(package.file, package.data, media_type="application/gzip", IfNoneMatch="*"):
                return True
            if self._is_stored(package):
                return False
            self.sleep(wait)  # the other write has not ended, or failed
        raise self._contended(package.file)

    def _is_stored(self, package: Package) -> bool:
        """Whether the bucket holds the package; raises ReleaseFailed where other bytes have its name."""
        try:
            stored, _ = self._get(package.file)
        except ClientError as error:
            if aws.error_code(error) == "NoSuchKey":
                return False
            raise
        if stored != package.data:
            raise ReleaseFailed(
                f"{self.location(package)} has other bytes (SHA-256 {hashlib.sha256(stored).hexdigest()}) "
                f"than {package.path} ({package.sha256}), and a published version never changes",
                fix="give the changed chart a new version",
            )
        return True

    # ── index ──────────────────────────────────────────────────────────────────────────────────────
    def _complete_index(self, packages: Sequence[Package]) -> set[str]:
        """Add what the index lacks, of these packages and of the bucket's others; returns the files it added."""
        for wait in _waits():
            index = self._index()
            lacking = self._lacking(index, packages)
            if not lacking:
                return set()
            condition = {"IfMatch": index.etag} if index.etag else {"IfNoneMatch": "*"}
            if self._put(INDEX, self._merged(index, lacking), media_type="application/yaml", **condition):
                return set(lacking)
            self.sleep(wait)
        raise self._contended(INDEX)

    def _index(self) -> _Index:
        try:
            body, etag = self._get(INDEX)
        except ClientError as error:
            if aws.error_code(error) == "NoSuchKey":
                return _Index(b"", "", {})
            raise
        try:
            versions = [version for versions in json.loads(body)["entries"].values() for version in versions]
            digests = {version["urls"][0].rpartition("/")[2]: version.get("digest", "") for version in versions}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise ReleaseFailed(
                f"{self._address(INDEX)} is not an index that `gw charts publish` wrote: {error}",
                fix="delete it, and publish any chart again: the index is made anew from the packages",
            ) from error
        return _Index(body, etag, digests)

    def _lacking(self, index: _Index, packages: Sequence[Package]) -> dict[str, bytes]:
        """File → content of each package that the index lacks, or has with another digest."""
        ours = {each.file: each for each in packages}
        listing = aws.entries(self.client, "list_objects_v2", "Contents", Bucket=self.bucket)
        others = [entry["Key"] for entry in listing if FILE.fullmatch(entry["Key"]) and entry["Key"] not in ours]
        return {file: each.data for file, each in ours.items() if index.digests.get(file) != each.sha256} | {
            file: self._get(file)[0] for file in others if file not in index.digests
        }

    def _merged(self, index: _Index, packages: Mapping[str, bytes]) -> bytes:
        """The index with further packages, which win over entries of their version."""
        with tempfile.TemporaryDirectory(prefix="groundwork-index-") as name:
            folder, merge = Path(name) / "packages", []
            folder.mkdir()
            for file, data in packages.items():
                (folder / file).write_bytes(data)
            if index.body:
                old = Path(name) / "old.yaml"
                old.write_bytes(index.body)
                merge = ["--merge", str(old)]
            # JSON is YAML, and both Helm and Python read it many times as fast.
            self.helm.require("repo", "index", str(folder), "--json", *merge, problem="the index cannot be made")
            return (folder / INDEX).read_bytes()

    # ── S3 ─────────────────────────────────────────────────────────────────────────────────────────
    def _get(self, key: str) -> tuple[bytes, str]:
        """Content and entity tag of an object."""
        answer = self.client.get_object(Bucket=self.bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]

    def _put(self, key: str, body: bytes, *, media_type: str, **condition: str) -> bool:
        """Whether the object was written; it was not where another writer was quicker."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=media_type, **condition)
        except ClientError as error:
            if aws.error_code(error) in _ANOTHER_WAS_QUICKER:
                return False
            raise
        return True

    def _contended(self, key: str) -> ReleaseFailed:
        return ReleaseFailed(
            f"others wrote {self._address(key)} before each of {_ATTEMPTS} attempts", fix="run the same command again"
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate what S3 answers."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and aws.error_code(error) == "NoSuchBucket":
                raise StackBlocked(
                    f"there is no bucket {self.bucket} for charts", fix="gw bootstrap ENVIRONMENT --update"
                ) from error
            raise TerraformFailed(
                f"s3://{self.bucket} cannot be read or written: {error}",
                fix="publish as the role release-charts (docs/charts.md); for the laptop: gw local up",
            ) from error


def _waits() -> Iterator[float]:
    """Seconds before each further attempt, at random so that those who met do not meet again."""
    for attempt in range(_ATTEMPTS):
        yield random.uniform(0, min(_LONGEST_WAIT, 0.05 * 2**attempt))  # noqa: S311 - not a secret
