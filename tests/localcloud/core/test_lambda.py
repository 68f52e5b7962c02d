"""The uploaded zip runs as AWS would run it."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from functions import RUNTIME, call, make_function, zip_of

ECHO = """
import os
calls = 0

def handle(event, context):
    global calls
    calls += 1
    print("seen", event.get("word"))
    return {"event": event, "calls": calls, "pid": os.getpid(), "name": context.function_name,
            "version": context.function_version, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "setting": os.environ.get("SETTING"),
            "memory": os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]}
"""


def test_the_uploaded_zip_runs_with_its_settings(aws: Any) -> None:
    name = make_function(aws, ECHO, MemorySize=256, Environment={"Variables": {"SETTING": "blue"}})
    payload, answer = call(aws, name, {"word": "hello"})
    assert answer["StatusCode"] == 200
    assert payload["event"] == {"word": "hello"}
    assert (payload["name"], payload["version"], payload["setting"]) == (name, "$LATEST", "blue")
    assert payload["memory"] == "256"
    assert 0 < payload["left"] <= 10_000


def test_output_is_in_the_log_group_with_start_end_and_report(aws: Any) -> None:
    name = make_function(aws, ECHO)
    call(aws, name, {"word": "findme"})
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in events]
    assert [line.split()[0] for line in lines] == ["START", "seen", "END", "REPORT"]
    assert "seen findme" in lines
    assert "Init Duration" in lines[-1]


def test_a_configured_log_group_gets_the_output(aws: Any) -> None:
    name = make_function(aws, ECHO, LoggingConfig={"LogFormat": "Text", "LogGroup": "/custom/group"})
    call(aws, name, {"word": "there"})
    events = aws.client("logs").filter_log_events(logGroupName="/custom/group", filterPattern="there")["events"]
    assert events


@pytest.mark.slow
def test_the_next_event_finds_a_warm_process_and_an_update_a_new_one(aws: Any) -> None:
    name = make_function(aws, ECHO)
    first, _ = call(aws, name)
    second, _ = call(aws, name)
    assert (second["calls"], second["pid"]) == (2, first["pid"])
    aws.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"SETTING": "green"}}
    )
    third, _ = call(aws, name)
    assert (third["calls"], third["setting"]) == (1, "green")


@pytest.mark.slow
def test_fifty_first_calls_at_once_are_all_answered(aws: Any) -> None:
    # Unpacking a zip of many files takes long enough for the calls to meet in the middle of it.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context):\n    return event['number']\n")
        for number in range(2000):
            archive.writestr(f"package/module_{number}.py", "x = 1\n")
    name = make_function(aws, "def handle(event, context):\n    return -1\n", Timeout=30)
    client = aws.client("lambda")
    client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: call(aws, name, {"number": number})[0], range(50)))

    assert answers == list(range(50))


def test_an_exception_is_a_function_error_with_its_type_and_text(aws: Any) -> None:
    name = make_function(aws, "def handle(event, context):\n    raise LookupError('no such record')\n")
    payload, answer = call(aws, name, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("LookupError", "no such record")
    assert "LookupError" in base64.b64decode(answer["LogResult"]).decode()


def test_a_handler_that_does_not_end_is_stopped_after_its_timeout(aws: Any) -> None:
    name = make_function(aws, "import time\ndef handle(event, context):\n    time.sleep(60)\n", Timeout=1)
    begun = time.monotonic()
    payload, answer = call(aws, name)
    assert time.monotonic() - begun < 55, "it was not waited for"
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import does_not_exist\n", "Runtime.ImportModuleError"),
        ("x = 1\n", "Runtime.HandlerNotFound"),
        ("def handle(event, context):\n    import os\n    os._exit(3)\n", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_start_or_ends_reports_why(aws: Any, source: str, kind: str) -> None:
    payload, answer = call(aws, make_function(aws, source))
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == kind


def test_a_function_sees_no_package_of_this_machine(aws: Any) -> None:
    payload, _ = call(aws, make_function(aws, "import boto3\nimport pydantic\n"))
    assert "pydantic" in payload["errorMessage"]


def test_a_function_imports_from_its_layers(aws: Any) -> None:
    layer = zip_of("word = 'from the layer'\n", "python/helper.py")
    version = aws.client("lambda").publish_layer_version(LayerName=aws.unique("layer"), Content={"ZipFile": layer})
    source = "import helper\ndef handle(event, context):\n    return helper.word\n"
    name = make_function(aws, source, Layers=[version["LayerVersionArn"]])
    assert call(aws, name)[0] == "from the layer"


def test_a_function_calls_aws_as_its_execution_role(aws: Any) -> None:
    source = """
    import boto3
    def handle(event, context):
        return boto3.client("sts").get_caller_identity()["Arn"]
    """
    name = make_function(aws, source)
    payload, _ = call(aws, name)
    assert payload == f"arn:aws:sts::000000000000:assumed-role/{name}/{name}"


def test_an_alias_runs_the_version_it_points_at(aws: Any) -> None:
    client, name = aws.client("lambda"), make_function(aws, "def handle(event, context):\n    return 'one'\n")
    client.publish_version(FunctionName=name)
    client.update_function_code(
        FunctionName=name, ZipFile=zip_of("def handle(event, context):\n    return 'two'\n"), Publish=True
    )
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    payload, answer = call(aws, name, Qualifier="live")
    assert (payload, answer["ExecutedVersion"]) == ("one", "1")
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert call(aws, f"{name}:live")[0] == "two"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(aws, name, Qualifier="dead")


def test_reserved_concurrency_of_zero_switches_a_function_off(aws: Any) -> None:
    name = make_function(aws, ECHO)
    aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException") as refused:
        call(aws, name)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    concurrency = aws.client("lambda").get_function(FunctionName=name)["Concurrency"]
    assert concurrency == {"ReservedConcurrentExecutions": 0}


def test_calls_beyond_the_reserved_concurrency_are_429_until_one_ends(aws: Any) -> None:
    """Source: Lambda API reference, Invoke and TooManyRequestsException."""
    name = make_function(aws, "import time\ndef handle(event, context):\n    time.sleep(event['seconds'])\n")
    aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    call(aws, name, {"seconds": 0})
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(call, aws, name, {"seconds": 1.5})
        time.sleep(0.5)
        with pytest.raises(ClientError, match="TooManyRequestsException") as refused:
            call(aws, name, {"seconds": 0})
        assert "FunctionError" not in running.result()[1]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert call(aws, name, {"seconds": 0})[1]["StatusCode"] == 200


def test_a_lost_asynchronous_event_reaches_the_dead_letter_queue(aws: Any) -> None:
    queue = aws.client("sqs").create_queue(QueueName=aws.unique("lost"))["QueueUrl"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    target = {"TargetArn": attributes["QueueArn"]}
    name = make_function(aws, "def handle(event, context):\n    raise ValueError\n", DeadLetterConfig=target)
    aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"order": 7}))
    messages = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert json.loads(messages[0]["Body"]) == {"order": 7}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"Runtime": "nodejs22.x"}, "runs python3.x only"), ({"Runtime": RUNTIME}, "not a zip file")],
)
def test_what_cannot_run_here_is_refused_with_the_reason(aws: Any, settings: dict[str, str], reason: str) -> None:
    name = make_function(aws, ECHO, **settings)
    if reason == "not a zip file":
        aws.client("lambda").update_function_code(FunctionName=name, ZipFile=b"not a zip")
    with pytest.raises(ClientError, match=reason):
        call(aws, name)


def test_settings_that_moto_forgets_read_back_as_written(aws: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    name, client = make_function(aws, ECHO), aws.client("lambda")
    settings = {
        "TracingConfig": {"Mode": "Active"},
        "KMSKeyArn": key,
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-2:000000000000:dead"},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "LogGroup": "/g",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
        },
        "EphemeralStorage": {"Size": 1024},
    }
    client.update_function_configuration(FunctionName=name, **settings)
    read = client.get_function_configuration(FunctionName=name)
    assert {name: read[name] for name in settings} == settings
    version = client.publish_version(FunctionName=name)["Version"]
    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=2)
    provisioned = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=version)
    assert (provisioned["Status"], provisioned["RequestedProvisionedConcurrentExecutions"]) == ("READY", 2)
