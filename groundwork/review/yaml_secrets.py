"""Secrets in a text of YAML, such as the values of a Helm release, by the names beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from groundwork.review import secret_words

TITLES = ("name", "Name", "key")
VALUES = ("value", "Value", "content", "default")
"""Keys of pairs, as in `- name: API_TOKEN` and `value: …`."""
# Parsing takes a while: 20 µs a character. A text without such a pair has its secrets on lines `password: …`.
_HAS_PAIR = re.compile(rf"(?m)^[ \t-]*[\"']?(?:{'|'.join(VALUES)})[\"']?[ \t]*:")


def spans(text: str) -> list[tuple[int, int]]:
    """The spans of the values of secrets; empty where it is not YAML or has no pairs of name and value."""
    if "\n" not in text or not _HAS_PAIR.search(text):
        return []
    try:
        documents = list(YAML(typ="safe", pure=True).compose_all(text))
    except (YAMLError, ValueError):
        return []
    return [span for document in documents for span in _below(document, secret=False)]


def _below(node: Node, *, secret: bool) -> Iterator[tuple[int, int]]:
    match node:
        case ScalarNode() if secret and node.value and not secret_words.points_to_secret(node.value):
            quote = len(node.style) if node.style in {"'", '"'} else 0
            yield node.start_mark.index + quote, node.end_mark.index - quote
        case SequenceNode():
            for item in node.value:
                yield from _below(item, secret=secret)
        case MappingNode():
            keys = {key.value: value.value for key, value in node.value if isinstance(value, ScalarNode)}
            title = next((str(keys[name]) for name in TITLES if name in keys), "")
            titled = secret_words.names_secret(title.rsplit(".", 1)[-1])
            for key, value in node.value:
                named = secret_words.names_secret(str(key.value)) or (titled and key.value in VALUES)
                yield from _below(value, secret=secret or named)
