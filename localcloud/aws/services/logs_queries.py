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

    for action in (put_query_definition, describe_query_definitions, delete_query_definition):
        add(LogsResponse, action.__name__, action)


def put_query_definition(self: Any) -> str:
    """PutQueryDefinition: makes one, or changes the one whose id is given."""
    identifier = self._get_param("queryDefinitionId") or str(uuid.uuid4())
    _definitions(self)[identifier] = {
        "queryDefinitionId": identifier,
        "name": self._get_param("name"),
        "queryString": self._get_param("queryString"),
        "logGroupNames": self._get_param("logGroupNames") or [],
        "lastModified": int(time.time() * 1000),
    }
    return _json({"queryDefinitionId": identifier})


def describe_query_definitions(self: Any) -> str:
    """DescribeQueryDefinitions, by the beginning of the name."""
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    found = [each for each in _definitions(self).values() if each["name"].startswith(prefix)]
    return _json({"queryDefinitions": sorted(found, key=lambda each: str(each["name"]))})


def delete_query_definition(self: Any) -> str:
    """DeleteQueryDefinition."""
    from moto.logs.exceptions import ResourceNotFoundException

    if _definitions(self).pop(self._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException("The specified query definition does not exist.")
    return _json({"success": True})


def _definitions(response: Any) -> dict[str, dict[str, Any]]:
    """The space of our store that the inventory counts as resources of the logs service."""
    return store.space(response.current_account, response.region, "logs")


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer)
