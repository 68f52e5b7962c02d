"""The environment variables that moto and the AWS SDK read, set before either is imported."""

from __future__ import annotations

from collections.abc import MutableMapping

from localcloud.aws.identity import DEFAULT_REGION

MAX_BODY = 256 * 1024 * 1024  # bytes; the largest thing sent here is a Lambda zip, which AWS limits to 50 MB

# Each of these could send moto's own calls, or a function's, to a real account.
_FOREIGN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "MOTO_ACCOUNT_ID",  # would put every request into one account, whoever signed it
)


def apply(environ: MutableMapping[str, str], *, port: int) -> None:
    """Prepare `environ` for a server on `port`, and remove what belongs to a real AWS account."""
    for name in _FOREIGN:
        environ.pop(name, None)
    environ.update(
        {
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop-not-a-secret",
            "AWS_REGION": DEFAULT_REGION,
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "MOTO_PORT": str(port),
            "MOTO_ACM_VALIDATION_WAIT": "0",  # seconds until a certificate is issued; default 60
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # attachments of AWS managed policies are checked against them
            "MOTO_DISABLE_GLOBAL_CORS": "true",  # no web page may read what runs here
            "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "true",  # decided by the bucket policy, see services/s3.py
            "MOTO_ALLOW_NONEXISTENT_REGION": "false",
        }
    )
