"""Sends POST /populate to the REST API of a deployed laptop at a steady rate, whatever the answers take.

Arguments: requests per second, and seconds. Prints each answer's status and seconds as JSON. The embedded AWS is the
one of the environment's profile. Nothing else is reached: the address is refused unless it is of this machine.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import httpx

_AT_ONCE = 512  # requests without an answer; more would only test this program


def main() -> None:
    """Send the requests and print the answers."""
    rate, duration = map(int, sys.argv[1:])
    gateway = boto3.client("apigateway")
    address = gateway.meta.endpoint_url
    if not address.startswith("http://127.0.0.1:"):
        raise SystemExit(f"{address} is not an embedded AWS of this machine")
    (api,) = gateway.get_rest_apis()["items"]
    (stage,) = gateway.get_stages(restApiId=api["id"])["item"]
    url = f"{address}/_groundwork/api/{api['id']}/{stage['stageName']}/populate"
    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    client = httpx.Client(timeout=60, trust_env=False, limits=limits)

    def post(due: float) -> tuple[int, float]:
        """The status, and the seconds since the request was due."""
        time.sleep(max(0.0, due - time.perf_counter()))
        status = client.post(url, json={"records": 2}).status_code
        return status, time.perf_counter() - due

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        start = time.perf_counter() + 0.2
        answers = list(pool.map(post, (start + number / rate for number in range(rate * duration))))
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main()
