"""gw local up, status, down, reset: one server per checkout, which later commands find and stop."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from functions import call, make_function

from groundwork.errors import LocalCloudError
from localcloud.cloud import LocalCloud, Status
from localcloud.profile import Profile

MakeAws = Callable[[Status], Any]


@pytest.mark.slow
def test_a_second_up_reuses_the_running_server(cloud: LocalCloud) -> None:
    first = cloud.up(port=0)
    assert cloud.up().pid == first.pid
    assert cloud.status() is not None
    with pytest.raises(LocalCloudError, match="already runs on port"):
        cloud.up(port=1)


@pytest.mark.slow
def test_down_ends_the_server_and_its_functions(cloud: LocalCloud, aws_of: MakeAws) -> None:
    status = cloud.up(port=0)
    aws = aws_of(status)
    call(aws, make_function(aws, "def handle(event, context):\n    return 1\n"))
    # A function that runs apart sees a process number of its own, and has a parent that is not the server.
    functions = psutil.Process(status.pid).children(recursive=True)
    assert any("awslambdaric" in each.cmdline() for each in functions)
    assert cloud.down()
    assert not psutil.pid_exists(status.pid)
    assert not any(each.is_running() for each in functions)
    assert (cloud.down(), cloud.status()) == (False, None)


def test_a_port_of_another_program_is_refused_with_the_fix(cloud: LocalCloud) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"port {port} of 127.0.0.1 is taken") as refused:
            cloud.up(port=port)
    assert f"--port {port + 1}" in refused.value.fix


@pytest.mark.slow
def test_a_stale_pid_file_is_not_taken_for_a_server(cloud: LocalCloud) -> None:
    status = cloud.up(port=0)
    cloud.down()
    own = psutil.Process()
    stale = {"pid": own.pid, "created": own.create_time() - 100, "port": 1}
    (cloud.state.parent / "server.json").write_text(json.dumps(stale))
    assert cloud.status() is None
    assert not cloud.down()
    assert own.is_running()
    assert cloud.up(port=0).pid != status.pid


@pytest.mark.slow
@pytest.mark.slow
def test_a_start_after_a_crash_keeps_the_port(cloud: LocalCloud) -> None:
    first = cloud.up(port=0)
    os.kill(first.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first.pid)] if psutil.pid_exists(first.pid) else [], timeout=5)
    assert cloud.up().endpoint == first.endpoint


def test_reset_empties_and_starts_again_on_the_same_port(cloud: LocalCloud, aws_of: MakeAws) -> None:
    first = cloud.up(port=0)
    aws_of(first).client("sqs").create_queue(QueueName="q")
    second = cloud.reset()
    assert second is not None
    assert (second.endpoint, second.resources, second.restored) == (first.endpoint, {}, None)
    assert second.pid != first.pid


@pytest.mark.slow
def test_the_inventory_lists_what_was_made_and_nothing_of_aws(cloud: LocalCloud, aws_of: MakeAws) -> None:
    status = cloud.up(port=0)
    aws = aws_of(status)

    def inventory() -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{status.endpoint}/_groundwork/inventory", timeout=30).json()
        return answer

    aws.client("ec2").describe_vpcs()
    aws.client("iam").list_policies(Scope="AWS")
    aws.client("events").list_event_buses()
    aws.client("kms").list_aliases()
    aws.client("rds").describe_db_parameter_groups()
    aws.client("ssm").describe_parameters()
    assert inventory() == {"resources": {}, "pending_deletion": []}

    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    network = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("logs", account="000000000001").create_log_group(logGroupName="/g")
    aws.client("secretsmanager").create_secret(Name="password", SecretString="x")
    aws.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    function = make_function(aws, "def handle(event, context):\n    return 1\n")
    resources = inventory()["resources"]
    assert resources["000000000000"]["aws"]["s3"] == ["buckets/bucket", "objects/bucket/k"]
    assert resources["000000000000"]["eu-west-2"]["ec2"] == [f"vpcs/{network}"]
    assert resources["000000000000"]["eu-west-2"]["kms"] == [f"keys/{key}"]
    assert resources["000000000000"]["eu-west-2"]["lambda"] == [f"functions/{function}"]
    assert resources["000000000000"]["eu-west-2"]["secretsmanager"] == ["secrets/password"]
    assert resources["000000000000"]["eu-west-2"]["events"] == ["rules/default/nightly"]
    assert resources["000000000000"]["aws"]["iam"] == [f"roles/{function}"]
    assert resources["000000000001"] == {"eu-west-2": {"logs": ["groups//g"]}}

    s3.delete_object(Bucket="bucket", Key="k")
    s3.delete_bucket(Bucket="bucket")
    aws.client("ec2").delete_vpc(VpcId=network)
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    aws.client("secretsmanager").delete_secret(SecretId="password", ForceDeleteWithoutRecovery=True)
    aws.client("events").delete_rule(Name="nightly")
    aws.client("logs", account="000000000001").delete_log_group(logGroupName="/g")
    aws.client("lambda").delete_function(FunctionName=function)
    aws.client("iam").delete_role(RoleName=function)
    remaining = inventory()
    assert remaining["resources"] == {}
    assert remaining["pending_deletion"] == [f"000000000000/eu-west-2/kms/{key}"]


@pytest.mark.slow
def test_keys_and_profile_are_the_owner_s_and_stay(cloud: LocalCloud) -> None:
    first = cloud.up(port=0)
    folder = cloud.state.parent
    keys = cloud.keys
    assert (folder / "credentials").stat().st_mode & 0o777 == 0o600
    assert f"endpoint_url = {first.endpoint}" in (folder / "config").read_text()
    cloud.down()
    second = cloud.up(port=0)
    assert cloud.keys == keys
    assert f"endpoint_url = {second.endpoint}" in (folder / "config").read_text()


def test_each_checkout_has_keys_of_its_own(tmp_path: Path) -> None:
    keys = [Profile(tmp_path / name).write("http://127.0.0.1:4566") for name in ("first", "second")]
    assert len({each.access_key for each in keys}) == len({each.secret for each in keys}) == 2


def test_reserved_paths_are_for_this_machine_only(running: Status) -> None:
    address = f"{running.endpoint}/_groundwork"
    assert httpx.get(f"{address}/status").json()["pid"] == running.pid
    assert httpx.get(f"{address}/status", headers={"host": "rebound.example.com"}).status_code == 403
    assert httpx.post(f"{address}/shutdown").status_code == 403
    assert httpx.post(f"{address}/save", headers={"x-groundwork": "1"}).json()["ok"] is True
    assert httpx.get(f"{running.endpoint}/moto-api/data.json").status_code == 403
    answer = httpx.get(f"{address}/status", headers={"origin": "https://page.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
