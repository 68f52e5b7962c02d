"""States and locks survive a kill at any moment; everything else survives a stop."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from botocore.exceptions import ClientError
from filelock import FileLock

from localcloud.aws.identity import Caller
from localcloud.aws.journal import Journal, Record
from localcloud.cloud import LocalCloud, Status

LOCATION = {"LocationConstraint": "eu-west-2"}
TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
# Every test starts a server twice.
pytestmark = pytest.mark.slow

MakeAws = Callable[[Status], Any]


def kill(status: Status) -> None:
    """kill -9, at once."""
    os.kill(status.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(status.pid)] if psutil.pid_exists(status.pid) else [], timeout=5)


def wait_for(path: Path) -> None:
    """Wait until the file exists, at most half a minute."""
    end = time.monotonic() + 30
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert path.exists()


def save(status: Status) -> None:
    """Let the server save now."""
    guard = {"x-groundwork": "1"}
    answer = httpx.post(f"{status.endpoint}/_groundwork/save", headers=guard, timeout=60, trust_env=False)
    assert answer.json() == {"ok": True, "problem": ""}


def damage(snapshot: Path, service: str) -> None:
    """Change one byte in the part of a service."""
    content = bytearray(snapshot.read_bytes())
    end = content.index(b"\n")
    at = end + 1
    for part in json.loads(content[:end])["parts"]:
        if any(name.startswith(f"moto.{service}.") for name in part["services"]):
            content[at + part["length"] // 2] ^= 1
            snapshot.write_bytes(content)
            return
        at += part["length"]
    raise AssertionError(f"{snapshot} has no part of {service}")


def problems(status: Status) -> list[str]:
    """What the start could not restore."""
    assert status.restored is not None
    return list(status.restored.problems)


def start_again(work: Path) -> str:
    """Run `gw local up` in a checkout whose embedded AWS lies in `work`; its output on one line."""
    root = work / "checkout"
    root.mkdir()
    (root / "cdktf.json").write_text("{}")
    (root / ".groundwork").symlink_to(work)
    gw = [str(Path(sys.executable).with_name("gw")), "local", "up", "--port", "0"]
    finished = subprocess.run(gw, cwd=root, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return " ".join(finished.stdout.split())


@pytest.mark.parametrize("end", ["stopped", "killed at once", "killed between two saves"])
def test_every_version_of_an_object_is_restored(cloud: LocalCloud, aws_of: MakeAws, end: str) -> None:
    first = cloud.up(port=0)
    s3 = aws_of(first).client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
    identifiers = [
        s3.put_object(Bucket="state", Key="env/network.tfstate", Body=body)["VersionId"] for body in (b"1", b"2")
    ]
    if end == "killed between two saves":
        wait_for(cloud.state / "snapshot")
    identifiers.append(s3.put_object(Bucket="state", Key="env/network.tfstate", Body=b"3")["VersionId"])
    if end == "stopped":
        cloud.down()
    else:
        kill(first)
    s3 = aws_of(cloud.up(port=0)).client("s3")
    versions = s3.list_object_versions(Bucket="state", Prefix="env/")["Versions"]
    assert [each["VersionId"] for each in versions] == identifiers[::-1]
    answers = [s3.get_object(Bucket="state", Key="env/network.tfstate", VersionId=each) for each in identifiers]
    bodies = [answer["Body"].read() for answer in answers]
    assert bodies == [b"1", b"2", b"3"]


def test_state_and_lock_written_just_before_a_kill_are_restored(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    aws = aws_of(first)
    s3, dynamodb = aws.client("s3"), aws.client("dynamodb")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="state", Key="env/network.tfstate", Body=b"old", Metadata={"who": "me"})
    dynamodb.create_table(TableName="locks", **TABLE)
    dynamodb.put_item(TableName="locks", Item={"LockID": {"S": "env/network"}})
    version = s3.put_object(Bucket="state", Key="env/network.tfstate", Body=b"new")["VersionId"]
    s3.put_object(Bucket="state", Key="gone", Body=b"x")
    s3.delete_object(Bucket="state", Key="gone")
    kill(first)

    second = cloud.up(port=0)
    assert second.restored is not None
    assert second.restored.replayed > 0
    aws = aws_of(second)
    read = aws.client("s3").get_object(Bucket="state", Key="env/network.tfstate")
    assert (read["Body"].read(), read["VersionId"]) == (b"new", version)
    with pytest.raises(ClientError, match="NoSuchKey"):
        aws.client("s3").get_object(Bucket="state", Key="gone")
    assert aws.client("dynamodb").get_item(TableName="locks", Key={"LockID": {"S": "env/network"}})["Item"]


def test_writes_of_another_accounts_role_survive_a_kill(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    s3 = aws_of(first).client("s3", account="000000000001")
    s3.create_bucket(Bucket="archive", CreateBucketConfiguration=LOCATION)
    s3.put_object(Bucket="archive", Key="k", Body=b"x")
    kill(first)
    aws = aws_of(cloud.up(port=0))
    assert aws.client("s3", account="000000000001").get_object(Bucket="archive", Key="k")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("s3").get_object(Bucket="archive", Key="k")


def test_everything_else_is_restored_and_counted_after_a_stop(cloud: LocalCloud, aws_of: MakeAws) -> None:
    aws = aws_of(cloud.up(port=0))
    network = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("acm").request_certificate(DomainName="a.example.com")
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    aws.client("sqs").create_queue(QueueName="q")
    aws.client("ecr").create_repository(repositoryName="repository")
    cipher = aws.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert cloud.down()
    status = cloud.up(port=0)
    assert status.restored is not None
    assert (status.restored.resources >= 5, status.restored.problems) == (True, ())
    aws = aws_of(status)
    assert aws.client("ec2").describe_vpcs(VpcIds=[network])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
    assert aws.client("kms").decrypt(CiphertextBlob=cipher)["Plaintext"] == b"secret"
    assert aws.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    aws.client("ecr").delete_repository(repositoryName="repository")


def test_a_request_repeated_after_a_kill_is_answered_as_before(cloud: LocalCloud, aws_of: MakeAws) -> None:
    def make_key(status: Status) -> str:
        kms = aws_of(status).client("kms")
        kms.meta.events.register("before-parameter-build.kms", of_one_call)
        return str(kms.create_key()["KeyMetadata"]["KeyId"])

    def of_one_call(context: dict[str, Any], **_: Any) -> None:
        context.setdefault("retries", {})["invocation-id"] = "one-call"

    first = cloud.up(port=0)
    key = make_key(first)
    save(first)
    kill(first)
    second = cloud.up(port=0)
    assert make_key(second) == key
    assert len(aws_of(second).client("kms").list_keys()["Keys"]) == 1


def test_the_rest_is_saved_within_seconds_and_survives_a_kill(
    cloud: LocalCloud, aws_of: MakeAws, tmp_path: Path
) -> None:
    first = cloud.up(port=0)
    aws, s3 = aws_of(first), aws_of(first).client("s3")
    aws.client("sqs").create_queue(QueueName="q")
    wait_for(cloud.state / "snapshot")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    kill(first)
    output = start_again(tmp_path)
    match = re.search(
        r"restored 2 resources of (\d+) services, saved \d+ s before the start, and 1 writes to S3", output
    )
    assert match, output
    assert int(match[1]) >= 1
    assert aws_of(cloud.up()).client("sqs").get_queue_url(QueueName="q")["QueueUrl"]


def test_a_start_after_a_kill_before_the_first_save_reports_it(
    cloud: LocalCloud, aws_of: MakeAws, tmp_path: Path
) -> None:
    for _ in range(5):
        first = cloud.up(port=0)
        aws_of(first).client("s3").create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
        kill(first)
        with FileLock(cloud.state / "server.lock", timeout=30):  # a copy that saves may outlive it
            saved = (cloud.state / "snapshot").exists()
        if not saved:
            break
        shutil.rmtree(cloud.state)
    output = start_again(tmp_path)
    assert "restored 1 resources from 1 writes to S3 and DynamoDB; nothing else had been saved" in output


def test_a_snapshot_of_another_version_is_set_aside_and_named(cloud: LocalCloud, aws_of: MakeAws) -> None:
    aws_of(cloud.up(port=0)).client("sqs").create_queue(QueueName="q")
    cloud.down()
    snapshot = cloud.state / "snapshot"
    other = snapshot.read_bytes().replace(b'"moto": "5', b'"moto": "4', 1)
    snapshot.write_bytes(other)
    status = cloud.up(port=0)
    [set_aside, missing] = problems(status)
    assert "was written by moto 4" in set_aside
    assert Path(set_aside.split(":")[0]).read_bytes() == other
    assert missing.startswith("the last save is missing: what was written before it and after the first start is lost")
    assert "QueueUrls" not in aws_of(status).client("sqs").list_queues()


def test_a_damaged_byte_costs_what_came_after_the_save_before(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    aws = aws_of(first)
    aws.client("sqs").create_queue(QueueName="earlier")
    save(first)
    aws.client("sqs").create_queue(QueueName="later")
    aws.client("s3").create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    save(first)
    kill(first)
    damage(cloud.state / "snapshot", "sqs")

    second = cloud.up(port=0)

    [set_aside, missing] = problems(second)
    assert set_aside.endswith(": sqs: it does not fit its checksum")
    assert missing.startswith("the last save is missing: what was written before it and after ")
    aws = aws_of(second)
    # The server saves by itself, too: what was made before the last save but one may be there.
    assert "earlier" in [url.rpartition("/")[2] for url in aws.client("sqs").list_queues()["QueueUrls"]]
    assert aws.client("s3").list_buckets()["Buckets"][0]["Name"] == "state"


def test_where_no_save_is_whole_only_the_damaged_service_is_lost(cloud: LocalCloud, aws_of: MakeAws) -> None:
    aws = aws_of(cloud.up(port=0))
    aws.client("sqs").create_queue(QueueName="q")
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    cloud.down()
    damage(cloud.state / "snapshot", "sqs")
    (cloud.state / "snapshot.previous").unlink(missing_ok=True)

    second = cloud.up(port=0)

    assert problems(second)[1:] == ["lost: sqs (it does not fit its checksum)"]
    aws = aws_of(second)
    assert aws.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_a_deleted_snapshot_is_named(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    aws_of(first).client("sqs").create_queue(QueueName="q")
    aws_of(first).client("s3").create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    cloud.down()
    for path in cloud.state.glob("snapshot*"):
        path.unlink()
    second = cloud.up(port=0)
    assert [problem.partition(":")[0] for problem in problems(second)] == ["the last save is missing"]


def test_a_damaged_record_is_named_and_the_next_is_kept(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    s3 = aws_of(first).client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    for key in ("damaged", "kept"):
        s3.put_object(Bucket="state", Key=key, Body=b"x")
    kill(first)
    for path in cloud.state.glob("snapshot*"):
        path.unlink()
    (cloud.state / "saved").unlink(missing_ok=True)
    segment = min(cloud.state.glob("journal-*.records"))
    segment.write_bytes(segment.read_bytes().replace(b"/state/damaged", b"/state/dXmaged"))

    second = cloud.up(port=0)

    assert problems(second) == [f"{segment}: record 2 is damaged; this write to S3 or DynamoDB is lost"]
    listed = aws_of(second).client("s3").list_objects_v2(Bucket="state")["Contents"]
    assert [each["Key"] for each in listed] == ["kept"]


def test_a_record_after_a_torn_one_survives_the_next_kill(cloud: LocalCloud, aws_of: MakeAws) -> None:
    record = Record(1, "PUT", "/state", {}, b"", Caller("000000000000", ""))
    cloud.state.mkdir(parents=True)
    (cloud.state / "journal-000000000001.records").write_bytes(b"".join(record.parts())[:20])
    journal = Journal(cloud.state)
    journal.append(record)
    damaged: list[str] = []
    assert list(journal.records(after=0, on_damage=damaged.append)) == [record]
    assert damaged == []


def test_only_the_owner_may_read_what_is_saved(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    aws_of(first).client("s3").create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    save(first)
    save(first)
    modes = {path.name: path.stat().st_mode & 0o777 for path in cloud.state.iterdir() if path.name != "server.lock"}
    assert set(modes.values()) == {0o600}, modes


def test_a_write_that_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    # A limit on the size of files makes the kernel refuse a write in the middle, as a full disk does.
    program = (
        "import pathlib, resource, signal, sys\n"
        "from localcloud.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(pathlib.Path(sys.argv[1]), b'x' * 5000)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "snapshot")], capture_output=True, text=True, check=False
    )
    assert "File too large" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_record_is_ignored(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    s3 = aws_of(first).client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    s3.put_object(Bucket="state", Key="k", Body=b"whole")
    kill(first)
    segment = max(cloud.state.glob("journal-*.records"))
    last = b"".join(list(Journal(cloud.state).records(after=0))[-1].parts())
    with segment.open("ab") as file:
        file.write(last[: len(last) // 2])
    assert aws_of(cloud.up(port=0)).client("s3").get_object(Bucket="state", Key="k")["Body"].read() == b"whole"


def test_a_multipart_upload_survives_a_kill_as_one_object(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    s3 = aws_of(first).client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration=LOCATION)
    upload = s3.create_multipart_upload(Bucket="state", Key="big", Metadata={"kind": "state"})["UploadId"]
    parts = []
    for number, body in ((1, b"a" * 5_242_880), (2, b"b")):
        tag = s3.upload_part(Bucket="state", Key="big", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    s3.complete_multipart_upload(Bucket="state", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    kill(first)
    read = aws_of(cloud.up(port=0)).client("s3").get_object(Bucket="state", Key="big")
    assert (len(read["Body"].read()), read["Metadata"]) == (5_242_881, {"kind": "state"})
