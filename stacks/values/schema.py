"""The JSON Schema of an environment file, with which editors complete and check the YAML."""

from __future__ import annotations

import json
from pathlib import Path

from stacks.values.model import Environment

PATH = Path(__file__).with_name("schema.json")


def text() -> str:
    """The schema as it is committed: `name` is the file's name and therefore no key."""
    schema = Environment.model_json_schema()
    del schema["properties"]["name"]
    schema["required"].remove("name")
    schema["title"] = "Groundwork environment"
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def write() -> None:
    """Bring the committed schema up to date with the model."""
    PATH.write_text(text(), encoding="utf-8")
