"""Signer: jobs, which moto lacks, and profiles that are gone once they are cancelled."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "signer"
JOB = "/signing-jobs/(?P<job>[^/]+)"


def install() -> None:
    """moto keeps a cancelled profile for good; nothing could ever remove it again."""
    from moto.signer.models import SignerBackend

    wrap(SignerBackend, "cancel_signing_profile", _cancel)
    wrap(SignerBackend, "get_signing_profile", _get)


def _cancel(original: Callable[..., Any]) -> Callable[..., Any]:
    def cancel_signing_profile(self: Any, profile_name: str) -> None:
        original(self, profile_name)
        del self.signing_profiles[profile_name]

    return cancel_signing_profile


def _get(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_signing_profile(self: Any, profile_name: str) -> Any:
        from moto.core.exceptions import JsonRESTError

        if profile_name not in self.signing_profiles:
            raise JsonRESTError("ResourceNotFoundException", f"Signing profile {profile_name} does not exist")
        return original(self, profile_name)

    return get_signing_profile


def start(request: Request) -> Response:
    """StartSigningJob: the object is copied as it is, and the job has ended when this answers.

    No signature is made, since nothing here would check it.
    """
    body = request.json()
    profile = _moto(request).signing_profiles.get(body["profileName"])
    if profile is None:
        return _error("ResourceNotFoundException", f"Signing profile {body['profileName']} does not exist")
    source, destination = body["source"]["s3"], body["destination"]["s3"]
    job = str(uuid.uuid4())
    key = f"{destination.get('prefix', '')}{job}{PurePosixPath(source['key']).suffix}"
    problem = _copy(request, source, destination["bucketName"], key)
    if problem:
        return _error("ValidationException", problem)
    now = time.time()
    _jobs(request)[job] = {
        "jobId": job,
        "source": body["source"],
        "platformId": profile.platform_id,
        "profileName": profile.name,
        "profileVersion": profile.profile_version,
        "createdAt": now,
        "completedAt": now,
        "requestedBy": request.principal_arn,
        "status": "Succeeded",
        "signedObject": {"s3": {"bucketName": destination["bucketName"], "key": key}},
        "jobOwner": request.account,
        "jobInvoker": request.account,
    }
    return json_response({"jobId": job, "jobOwner": request.account})


def describe(request: Request) -> Response:
    """DescribeSigningJob."""
    job = _jobs(request).get(request.group("job"))
    return json_response(job) if job else _error("ResourceNotFoundException", "The signing job does not exist", 404)


def _moto(request: Request) -> Any:
    from moto.signer.models import signer_backends

    return signer_backends[request.account][request.region]


def _jobs(request: Request) -> dict[str, dict[str, Any]]:
    """Jobs are a history that AWS never deletes: kept beside the profiles, not among the resources."""
    jobs: dict[str, dict[str, Any]] = vars(_moto(request)).setdefault("signing_jobs", {})
    return jobs


def _copy(request: Request, source: dict[str, Any], bucket: str, key: str) -> str:
    """Copy the object; what is wrong when it cannot be copied."""
    from moto.s3.models import s3_backends

    s3 = s3_backends[request.account]["aws"]
    for name in (source["bucketName"], bucket):
        if name not in s3.buckets:
            return f"Bucket {name} does not exist"
    if not s3.buckets[source["bucketName"]].is_versioned:
        return f"Bucket {source['bucketName']} is not versioned"
    found = s3.get_object(source["bucketName"], source["key"], version_id=source.get("version"))
    if found is None:
        return f"Object {source['key']} does not exist in version {source.get('version')}"
    s3.put_object(bucket, key, found.value)
    return ""


def _error(code: str, message: str, status: int = 400) -> Response:
    return json_error(code, message, status)


ROUTES = (
    Route(SERVICE, "POST", "/signing-jobs", start),
    Route(SERVICE, "GET", JOB, describe),
)
