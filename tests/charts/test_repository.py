"""The Helm repository in S3: each version once, no lost entry, and Helm reads it without a plugin."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.errors import Interrupted, ReleaseFailed, StackBlocked, TerraformFailed
from groundwork.paths import Project
from stacks.commands.chart_repository import INDEX, ChartRepository
from stacks.commands.helm_program import HelmProgram, helm_program
from stacks.values import Names, load
from tests.charts.sample_charts import packaged
from tests.support.aws import policy, versioned_bucket
from tests.support.cloud_project import CloudProject, link_checkout
from tests.support.command_line import gw

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def helm(checkout: Path) -> Iterator[HelmProgram]:
    with helm_program(os.environ, Project(checkout)) as program:
        yield program


@pytest.fixture(scope="module")
def s3(embedded_aws: CloudProject) -> Any:
    return embedded_aws.client("s3")


@pytest.fixture
def repository(s3: Any, helm: HelmProgram) -> ChartRepository:
    """An empty repository."""
    bucket = f"charts-{next(_NUMBERS)}"
    versioned_bucket(s3, bucket)
    return ChartRepository(s3, bucket, helm)


class Client:
    """A client of S3 whose next conditional writes of the index fail, or end the program."""

    def __init__(self, client: Any, *failures: BaseException) -> None:
        self._client, self._failures = client, list(failures)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **arguments: Any) -> Any:
        if arguments["Key"] == INDEX and self._failures:
            raise self._failures.pop(0)
        return self._client.put_object(**arguments)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as S3 says"}}, "PutObject")


def indexed(repository: ChartRepository) -> dict[str, str]:
    """File → digest of every entry of the index."""
    body = repository.client.get_object(Bucket=repository.bucket, Key=INDEX)["Body"].read()
    versions = [version for several in json.loads(body)["entries"].values() for version in several]
    return {version["urls"][0]: version["digest"] for version in versions}


def written(repository: ChartRepository) -> list[tuple[str, str]]:
    """Key and version of everything that was ever written to the bucket."""
    listing = repository.client.list_object_versions(Bucket=repository.bucket)
    return sorted((entry["Key"], entry["VersionId"]) for entry in listing.get("Versions", ()))


def test_a_package_is_published_once_and_a_second_time_writes_nothing(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    chart = packaged(helm, tmp_path, "1.2.3")
    assert repository.publish([chart]) == ["published"]
    before = written(repository)
    assert [key for key, _ in before] == [INDEX, "small-1.2.3.tgz"]
    assert indexed(repository) == {"small-1.2.3.tgz": chart.sha256}
    assert repository.publish([chart]) == ["unchanged"]
    assert written(repository) == before


def test_other_bytes_under_a_published_version_are_refused(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    repository.publish([packaged(helm, tmp_path, "1.2.3")])
    before = written(repository)
    changed = packaged(helm, tmp_path / "changed", "1.2.3", text="other")
    for act in (repository.publish, repository.compare):
        with pytest.raises(ReleaseFailed, match=r"small-1\.2\.3\.tgz has other bytes.*never changes") as refused:
            act([changed])
        assert refused.value.fix == "give the changed chart a new version"
    assert written(repository) == before


def test_a_dry_run_tells_and_writes_nothing(repository: ChartRepository, helm: HelmProgram, tmp_path: Path) -> None:
    old, new = (packaged(helm, tmp_path, version) for version in ("1.0.0", "1.1.0"))
    repository.publish([old])
    before = written(repository)
    assert repository.compare([old, new]) == ["unchanged", "published"]
    assert written(repository) == before


class Racer(Client):
    """One of several who store their packages in turn, read the index and list the bucket, and then write the index:
    first who saw most packages, last who saw its own alone.
    """

    def __init__(self, client: Any, number: int, race: Race) -> None:
        super().__init__(client)
        self._number, self._race = number, race

    def put_object(self, **arguments: Any) -> Any:
        if arguments["Key"] != INDEX:
            self._race.after(self._race.ready, self._number - 1)
            return super().put_object(**arguments)
        self._race.ready[self._number].set()
        self._race.after(self._race.ready, len(self._race.ready) - 1)
        self._race.after(self._race.written, self._number + 1)
        try:
            return super().put_object(**arguments)
        finally:
            self._race.written[self._number].set()


class Race:
    """Which racers are ready to write the index, and which have tried."""

    def __init__(self, racers: int) -> None:
        self.ready, self.written = ([threading.Event() for _ in range(racers)] for _ in range(2))

    def after(self, events: list[threading.Event], number: int) -> None:
        """Wait for a racer; there is nothing to wait for before the first and after the last."""
        if 0 <= number < len(events):
            assert events[number].wait(60)


@pytest.mark.slow
@pytest.mark.row("0.4")
def test_eight_who_publish_at_once_lose_no_entry(
    repository: ChartRepository, helm: HelmProgram, embedded_aws: CloudProject, tmp_path: Path
) -> None:
    """Each would write an index without what the others stored meanwhile, and the last one has seen least."""
    charts = [packaged(helm, tmp_path, f"1.{minor}.0") for minor in range(8)]
    race = Race(len(charts))

    def publish(number: int) -> list[str]:
        racer = Racer(embedded_aws.client("s3"), number, race)
        return list(replace(repository, client=racer).publish([charts[number]]))

    with ThreadPoolExecutor(len(charts)) as pool:
        results = list(pool.map(publish, range(len(charts))))
    assert indexed(repository) == {each.file: each.sha256 for each in charts}
    assert results == [["published"]] * 8
    assert repository.publish(charts) == ["unchanged"] * 8


def test_what_a_killed_run_stored_is_in_the_index_after_anybody_s_next_run(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    lost, other = (packaged(helm, tmp_path, version) for version in ("1.0.0", "2.0.0"))
    with pytest.raises(Interrupted):
        replace(repository, client=Client(repository.client, Interrupted("killed"))).publish([lost])
    assert [key for key, _ in written(repository)] == [lost.file]
    assert repository.compare([lost]) == ["published"]
    assert repository.publish([other]) == ["published"]
    assert indexed(repository) == {each.file: each.sha256 for each in (lost, other)}
    assert repository.publish([lost]) == ["unchanged"]


def test_the_killed_run_itself_may_be_repeated(repository: ChartRepository, helm: HelmProgram, tmp_path: Path) -> None:
    chart = packaged(helm, tmp_path, "1.0.0")
    with pytest.raises(Interrupted):
        replace(repository, client=Client(repository.client, Interrupted("killed"))).publish([chart])
    assert repository.publish([chart]) == ["published"]
    assert indexed(repository) == {chart.file: chart.sha256}


def test_a_deleted_index_is_made_anew(repository: ChartRepository, helm: HelmProgram, tmp_path: Path) -> None:
    charts = [packaged(helm, tmp_path, "1.0.0"), packaged(helm, tmp_path, "0.1.0", name="other")]
    repository.publish(charts)
    repository.client.delete_object(Bucket=repository.bucket, Key=INDEX)
    assert repository.publish(charts[:1]) == ["published"]
    assert indexed(repository) == {each.file: each.sha256 for each in charts}


def test_an_entry_with_another_digest_is_corrected(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    chart = packaged(helm, tmp_path, "1.0.0")
    repository.publish([chart])
    body = repository.client.get_object(Bucket=repository.bucket, Key=INDEX)["Body"].read().decode()
    wrong = body.replace(chart.sha256, "0" * 64)
    repository.client.put_object(Bucket=repository.bucket, Key=INDEX, Body=wrong.encode())
    assert repository.publish([chart]) == ["published"]
    assert indexed(repository) == {chart.file: chart.sha256}


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
def test_whatever_s3_answers_to_a_write_that_lost_it_is_tried_again(
    code: str, repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    """Source: S3 API reference, PutObject: 412, 409 for a write at the same time, 404 where the object was deleted."""
    chart, waited = packaged(helm, tmp_path, "1.0.0"), list[float]()
    losing = replace(repository, client=Client(repository.client, *[refusal(code)] * 3), sleep=waited.append)
    assert losing.publish([chart]) == ["published"]
    assert len(waited) == 3
    assert indexed(repository) == {chart.file: chart.sha256}


@pytest.mark.slow
def test_the_attempts_end(repository: ChartRepository, helm: HelmProgram, tmp_path: Path) -> None:
    waited = list[float]()
    failures = [refusal("PreconditionFailed")] * 1000
    losing = replace(repository, client=Client(repository.client, *failures), sleep=waited.append)
    with pytest.raises(ReleaseFailed, match=r"index\.yaml before each of 30 attempts"):
        losing.publish([packaged(helm, tmp_path, "1.0.0")])
    assert len(waited) == 30
    assert max(waited) <= 2


def test_an_index_of_something_else_is_not_touched(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    repository.client.put_object(Bucket=repository.bucket, Key=INDEX, Body=b"entries: {}\n")
    with pytest.raises(ReleaseFailed, match="is not an index that `gw charts publish` wrote") as refused:
        repository.publish([packaged(helm, tmp_path, "1.0.0")])
    assert "delete it" in refused.value.fix


def test_a_missing_bucket_and_a_refusal_are_told_apart(
    repository: ChartRepository, helm: HelmProgram, tmp_path: Path
) -> None:
    chart = packaged(helm, tmp_path, "1.0.0")
    with pytest.raises(StackBlocked, match="there is no bucket nowhere"):
        replace(repository, bucket="nowhere").publish([chart])
    refused = Client(repository.client, refusal("AccessDenied"))
    with pytest.raises(TerraformFailed, match="AccessDenied"):
        replace(repository, client=refused).publish([chart])


@pytest.mark.row("0.4")
def test_helm_adds_the_repository_and_pulls_from_it_by_plain_http(
    repository: ChartRepository, helm: HelmProgram, embedded_aws: CloudProject, tmp_path: Path
) -> None:
    """As behind a proxy or CloudFront, which are the ones to read the bucket; nobody is anonymous on AWS."""
    charts = [packaged(helm, tmp_path, "1.0.0"), packaged(helm, tmp_path, "1.1.0")]
    repository.publish(charts)
    reading = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{repository.bucket}/*",
    }
    repository.client.put_bucket_policy(Bucket=repository.bucket, Policy=policy(reading))
    address = f"{embedded_aws.endpoint}/{repository.bucket}"
    name = repository.bucket
    helm.require("repo", "add", name, address, problem="not added")
    versions = json.loads(helm.require("search", "repo", name, "--versions", "--output", "json", problem="not found"))
    assert [each["version"] for each in versions] == ["1.1.0", "1.0.0"]
    pulled = tmp_path / "pulled"
    pulled.mkdir()
    helm.require("pull", f"{name}/small", "--version", "1.0.0", "-d", str(pulled), problem="not pulled")
    assert (pulled / charts[0].file).read_bytes() == charts[0].data


# ── the command ──────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def laptop(embedded_aws: CloudProject, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment `local` has the bucket for charts."""
    root = tmp_path_factory.mktemp("charts") / "checkout"
    link_checkout(root, checkout, embedded_aws)
    names = Names(load(root / "environments" / "local.yaml"))
    versioned_bucket(embedded_aws.client("s3"), names.chart_bucket)
    return root


@pytest.mark.slow
def test_the_command_publishes_tells_and_refuses(laptop: Path, helm: HelmProgram, tmp_path: Path) -> None:
    nothing = gw("charts", "publish", "local", cwd=laptop)
    assert nothing.returncode == 2
    assert "gw charts package" in nothing.stderr
    chart = packaged(helm, laptop / ".groundwork" / "charts", "1.2.3")
    dry = gw("charts", "publish", "local", "--dry-run", cwd=laptop)
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout == "s3://acme-local-charts-000000000000/small-1.2.3.tgz: would be published\n"
    results = []
    for _ in range(2):
        done = gw("charts", "publish", "local", "--json", cwd=laptop)
        assert done.returncode == 0, done.stderr
        (about,) = json.loads(done.stdout)
        assert (about["name"], about["version"], about["sha256"]) == ("small", "1.2.3", chart.sha256)
        results.append(about["s3"])
    place = "s3://acme-local-charts-000000000000/small-1.2.3.tgz"
    assert results == [{"to": place, "result": "published"}, {"to": place, "result": "unchanged"}]
    changed = packaged(helm, tmp_path, "1.2.3", text="other")
    refused = gw("charts", "publish", "local", str(changed.path), cwd=laptop)
    assert refused.returncode == 12
    assert "never changes" in refused.stderr
    assert gw("charts", "publish", "nowhere", str(changed.path), cwd=laptop).returncode == 2
