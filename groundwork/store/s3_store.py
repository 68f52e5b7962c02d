"""The store in a bucket: every object is put with If-None-Match, and read in the version that was put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.state import aws
from groundwork.store.objects import AlreadyStored, NotReadable, NotStored, Place

# S3 answers 409 where two conditional writes of one key meet.
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict"}
_GONE = {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"}  # MethodNotAllowed: a delete marker
_NO_VERSION = {"InvalidArgument", "400"}


@dataclass(frozen=True)
class S3Objects:
    """`client` is a boto3 client of S3, whose credentials decide what is allowed."""

    client: Any
    bucket: str
    planners_key: str
    """ARN, or alias' ARN, of the KMS key with which the roles that plan may decrypt."""

    def put_new(self, key: str, body: bytes, *, media_type: str, for_planners: bool = False) -> Place:
        """See Objects. The bucket's own key encrypts, except for planners; the version is S3's."""
        other_key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.planners_key} if for_planners else {}
        try:
            answer = self.client.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=media_type, IfNoneMatch="*", **other_key
            )
        except ClientError as error:
            if aws.error_code(error) in _TAKEN:
                if version := self._of_earlier_attempt(key, body, error):
                    return Place(f"s3://{self.bucket}/{key}", version)
                raise AlreadyStored(f"s3://{self.bucket}/{key}") from error
            raise self._refused(f"put {key}", error) from error
        except BotoCoreError as error:
            raise self._refused(f"put {key}", error) from error
        return Place(f"s3://{self.bucket}/{key}", answer["VersionId"])

    def _of_earlier_attempt(self, key: str, body: bytes, error: ClientError) -> str:
        """The version that an earlier attempt of the same call stored, whose answer was lost; "" for all others."""
        if not error.response["ResponseMetadata"].get("RetryAttempts"):
            return ""
        try:
            stored = self.client.get_object(Bucket=self.bucket, Key=key)
            return str(stored["VersionId"]) if stored["Body"].read() == body else ""
        except (ClientError, BotoCoreError):
            return ""

    def key_of(self, location: str) -> str:
        """See Objects."""
        prefix = f"s3://{self.bucket}/"
        if not location.startswith(prefix):
            raise NotReadable(f"{location} is not in s3://{self.bucket}")
        return location.removeprefix(prefix)

    def get(self, key: str, version: str) -> bytes:
        """See Objects. Never reads the newest version in place of the named one."""
        if not version:
            raise NotStored(f"s3://{self.bucket}/{key}, no version named")
        return self._read(key, VersionId=version)

    def newest(self, key: str) -> bytes:
        """See Objects."""
        return self._read(key)

    def keys(self, prefix: str) -> list[str]:
        """See Objects."""
        try:
            listing = list(aws.entries(self.client, "list_objects_v2", "Contents", Bucket=self.bucket, Prefix=prefix))
        except (BotoCoreError, ClientError) as error:
            raise self._refused(f"list {prefix}", error) from error
        return sorted(entry["Key"] for entry in listing)

    def _read(self, key: str, **version: str) -> bytes:
        where = f"s3://{self.bucket}/{key}"
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=key, **version)["Body"].read()
        except ClientError as error:
            if aws.error_code(error) in _GONE or (version and aws.error_code(error) in _NO_VERSION):
                raise NotStored(where) from error
            raise self._refused(f"get {key}", error) from error
        except BotoCoreError as error:
            raise self._refused(f"get {key}", error) from error
        return body

    def _refused(self, what: str, error: Exception) -> TerraformFailed:
        return TerraformFailed(
            f"the plan store refuses to {what}: {error}",
            fix="run it in the right job: plan jobs put, the apply job gets (docs/architecture/delivery-stack.md)",
        )
