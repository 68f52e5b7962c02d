"""CloudWatch Logs: saved queries, which moto lacks."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from localcloud.aws import store
from localcloud.aws.patching import add


def install() -> None:
    """PutQueryDefinition, DescribeQueryDefinitions and DeleteQueryDefinition."""
    from moto.logs.responses import LogsResponse

    add(LogsResponse, put_query_definition, describe_query_definitions, delete_query_definition)


def put_query_definition(self: Any) -> str:
    """PutQueryDefinition: makes a definition, or replaces the one with the request's id."""
    identifier = self._get_param("queryDefinitionId") or str(uuid.uuid4())
    _definitions(self)[identifier] = {
        "queryDefinitionId": identifier,
        "name": self._get_param("name"),
        "queryString": self._get_param("queryString"),
        "logGroupNames": self._get_param("logGroupNames") or [],
        "lastModified": int(time.time() * 1000),
    }
    return json.dumps({"queryDefinitionId": identifier})


def describe_query_definitions(self: Any) -> str:
    """DescribeQueryDefinitions, by the beginning of the name."""
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    definitions = [each for each in _definitions(self).values() if each["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": sorted(definitions, key=lambda each: str(each["name"]))})


def delete_query_definition(self: Any) -> str:
    """DeleteQueryDefinition."""
    from moto.logs.exceptions import ResourceNotFoundException

    if _definitions(self).pop(self._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException("The specified query definition does not exist.")
    return json.dumps({"success": True})


def _definitions(response: Any) -> dict[str, dict[str, Any]]:
    """The store's space for the logs service, whose items the inventory counts as resources."""
    return store.space(response.current_account, response.region, "logs")
