"""Signer: jobs, which moto lacks, and profiles that no longer exist once they are cancelled."""

from __future__ import annotations

import time
import uuid
from pathlib import PurePosixPath
from typing import Any

from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found

SERVICE = "signer"
JOB = "/signing-jobs/(?P<job>[^/]+)"


def install() -> None:
    """moto keeps a cancelled profile for good; nothing could ever remove it again."""
    from moto.signer.models import SignerBackend

    wrap(SignerBackend, "cancel_signing_profile", _cancel_signing_profile)
    wrap(SignerBackend, "get_signing_profile", _get_signing_profile)


def _cancel_signing_profile(original: Method, self: Any, profile_name: str) -> None:
    original(self, profile_name)
    del self.signing_profiles[profile_name]


def _get_signing_profile(original: Method, self: Any, profile_name: str) -> Any:
    from moto.core.exceptions import JsonRESTError

    if profile_name not in self.signing_profiles:
        raise JsonRESTError("ResourceNotFoundException", f"Signing profile {profile_name} does not exist")
    return original(self, profile_name)


def start(request: Request) -> Response:
    """StartSigningJob: the object is copied as it is, and the job has ended when this answers.

    No signature is made, since nothing here would check it.
    """
    body = request.json()
    profile = _backend(request).signing_profiles.get(body["profileName"])
    if profile is None:
        return not_found(f"Signing profile {body['profileName']} does not exist", 400)
    source, destination = body["source"]["s3"], body["destination"]["s3"]
    job = str(uuid.uuid4())
    key = f"{destination.get('prefix', '')}{job}{PurePosixPath(source['key']).suffix}"
    problem = _copy(request, source, destination["bucketName"], key)
    if problem:
        return json_error("ValidationException", problem)
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
    return json_response(job) if job else not_found("The signing job does not exist")


def _backend(request: Request) -> Any:
    from moto.signer.models import signer_backends

    return signer_backends[request.account][request.region]


def _jobs(request: Request) -> Any:
    """Jobs by id: a history that AWS never deletes, so it lies beside the profiles, not among the resources."""
    return vars(_backend(request)).setdefault("signing_jobs", {})


def _copy(request: Request, source: dict[str, Any], bucket: str, key: str) -> str:
    """Copy the object; the problem where it cannot be copied, else ""."""
    from moto.s3.models import s3_backends

    s3 = s3_backends[request.account]["aws"]
    for name in (source["bucketName"], bucket):
        if name not in s3.buckets:
            return f"Bucket {name} does not exist"
    if not s3.buckets[source["bucketName"]].is_versioned:
        return f"Bucket {source['bucketName']} is not versioned"
    original = s3.get_object(source["bucketName"], source["key"], version_id=source.get("version"))
    if original is None:
        return f"Object {source['key']} does not exist in version {source.get('version')}"
    s3.put_object(bucket, key, original.value)
    return ""


ROUTES = (
    Route(SERVICE, "POST", "/signing-jobs", start),
    Route(SERVICE, "GET", JOB, describe),
)
