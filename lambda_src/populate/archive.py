"""The archive: a bucket of another account, written under one prefix."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnectionError

from .errors import ArchiveRefused, ArchiveUnavailable, TimedOut

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The codes that S3 documents as worth another try. They and 5xx answers become 503, everything else 502.
_BUSY = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException"}
)


def object_key(prefix: str, moment: datetime, name: UUID) -> str:
    """`<prefix>/<yyyy>/<mm>/<dd>/<uuid>.json`, so that a day can be listed and expired by prefix."""
    return f"{prefix}/{moment:%Y/%m/%d}/{name}.json"


@dataclass(frozen=True)
class Archive:
    """The bucket for the files, which encrypts them with its own default key; `account_id` must own the bucket."""

    client: S3Client
    bucket: str
    account_id: str

    def put(self, key: str, body: bytes) -> None:
        """Writes one JSON file. Raises ArchiveRefused, ArchiveUnavailable or TimedOut."""
        try:
            # No key is named: S3 takes an alias for one of the caller's account, and the archive is in another.
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
                ExpectedBucketOwner=self.account_id,
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            reason = f"PutObject on s3://{self.bucket}/{key}: {code} (HTTP {status})"
            if code in _BUSY or status >= 500:
                raise ArchiveUnavailable(reason) from error
            raise ArchiveRefused(reason) from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise TimedOut(f"PutObject on s3://{self.bucket}/{key}: {error}") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise ArchiveUnavailable(f"PutObject on s3://{self.bucket}/{key}: {error}") from error
        except BotoCoreError as error:
            raise ArchiveRefused(f"PutObject on s3://{self.bucket}/{key}: {error}") from error
