"""The refusal of a call as AWS sends it for each protocol: status, error code and sentence.

Sources: IAM user guide, "Troubleshoot access denied error messages"; EC2 API reference, "Error codes"
(UnauthorizedOperation); the common errors of the query and JSON services (AccessDenied, AccessDeniedException).
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from localcloud.aws.routing import Request, Response, json_error, xml_error, xml_response


def denial(request: Request, protocol: str, sentence: str) -> Response:
    """The answer to a request that was refused; `protocol` is botocore's name, or s3, whose errors are bare."""
    if protocol == "ec2":
        message = escape(f"You are not authorized to perform this operation. {sentence}")
        error = f"<Error><Code>UnauthorizedOperation</Code><Message>{message}</Message></Error>"
        return xml_response(
            f'<?xml version="1.0" encoding="UTF-8"?><Response><Errors>{error}</Errors>'
            "<RequestID>local</RequestID></Response>",
            403,
        )
    if protocol == "s3":
        # The answer to HEAD has no body, so that clients see the status alone.
        refusal = xml_error("AccessDenied", sentence, 403)
        return Response(403, b"", refusal.headers) if request.method == "HEAD" else refusal
    if protocol in {"query", "rest-xml"}:
        return xml_error("AccessDenied", sentence, 403, wrapped=True)
    return json_error("AccessDeniedException", sentence, 403 if protocol == "rest-json" else 400)
