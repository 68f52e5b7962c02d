"""boto3 puts an object without waiting for the server to ask for its bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_boto3_does_not_wait_for_100_continue(aws: Any, checkout: Path) -> None:
    """The program is what `make bench` measures; botocore waits a second where the server is silent (awsrequest.py)."""
    keys = {"AWS_ACCESS_KEY_ID": aws.keys.access_key, "AWS_SECRET_ACCESS_KEY": aws.keys.secret}
    done = subprocess.run(
        [sys.executable, str(checkout / "groundwork/bench/put_objects.py"), "5", "1024"],
        env={"PATH": os.defpath, "AWS_ENDPOINT_URL": aws.endpoint, **keys},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = json.loads(done.stdout)
    assert len(seconds) == 5
    assert min(seconds) < 1
