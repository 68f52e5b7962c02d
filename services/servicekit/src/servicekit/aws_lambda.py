"""A service as a Lambda function behind API Gateway or a load balancer."""

from __future__ import annotations

from mangum import Mangum

from servicekit import logs, settings
from servicekit.mongo import Mongo
from servicekit.problems import MEDIA_TYPE
from servicekit.service import S, Service


def handler_of(service: Service[S, Mongo]) -> Mangum:
    """The handler, with settings from the environment. Its connections live as long as its execution environment.

    Nothing is started or stopped around a request, so `<service> migrate` has to run first, and the database has to
    connect by itself, as MongoDB's client does.
    """
    values = settings.read(service.settings)
    logs.configure(service.name, values.log_level)
    texts = ["text/", "application/json", MEDIA_TYPE]  # others are sent in Base64
    return Mangum(service.application(values), lifespan="off", text_mime_types=texts)
