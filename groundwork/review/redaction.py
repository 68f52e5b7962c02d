"""Removes the secrets from synthesised Terraform before anything else reads it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from groundwork.review import python_secrets, secret_words, yaml_secrets
from groundwork.review.model import REDACTED
from groundwork.review.provider_facts import facts
from groundwork.review.values import Document, Masked, Value, is_policy

_NOTABLE = 8
"""Hidden values of at least this many characters are hidden elsewhere too; shorter ones are words like `admin`."""
# Terraform's AWS provider compares the JSON of these by meaning; policies are recognised by their content.
_JSON_ATTRIBUTES = re.compile(
    r"(policy|assume_role_policy|redrive_policy|redrive_allow_policy|delivery_policy|container_definitions"
    r"|event_pattern|dashboard_body|schema|definition|body|access_policies|filter_policy|lifecycle_policy)$"
)

# A number that Terraform fills in: `{"port": ${aws_db_instance.db.port}}`, as json.dumps writes a number token.
_BARE_REFERENCE = re.compile(r"(?<=[:\[,])(\s*)(\$\{[^{}\"]+\})(?=\s*[,\]}])")


@dataclass
class Redactor:
    """Hides sensitive values. Both sides of a review share one, so that equal secrets stay equal.

    A value that was hidden once is hidden wherever it occurs: pass everything through `resource` or `value` first, then
    through `hide_again`.
    """

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _known: set[str] = field(default_factory=set)
    _lengths: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The first characters of a hidden value → the lengths of those that begin so: thousands are found in one pass."""

    _resources: dict[tuple[str, str], dict[str, Value]] = field(default_factory=dict)
    """Type and body as JSON → the body without secrets: most resources are the same at base and at head."""

    # ── first pass: by name, schema and look ───────────────────────────────────────────────────────
    def resource(self, type_: str, body: Mapping[str, Value]) -> dict[str, Value]:
        """A resource's, data source's (`data.TYPE`) or provider's (`provider.NAME`) body without secrets.

        Equal bodies of a type give the same object.
        """
        # What is hidden already is written as text that names its digest.
        key = (type_, json.dumps(body, sort_keys=True, default=repr))
        if key not in self._resources:
            self._resources[key] = self._hide_object(body, (), facts().sensitive.get(type_, frozenset()))
        return self._resources[key]

    def value(self, value: Value, *, name: str = "") -> Value:
        """Any other value without secrets."""
        return self._hide(value, (name,), frozenset())

    def kubernetes(self, item: Mapping[str, Value]) -> dict[str, Value]:
        """An object of Kubernetes without secrets; of a Secret everything is hidden."""
        hidden = self.resource(f"kubernetes.{item.get('kind')}", item)
        if item.get("kind") == "Secret":
            hidden = hidden | {key: self.all_of(item[key]) for key in ("data", "stringData") if key in item}
        return hidden

    def python(self, text: str) -> str | Masked:
        """A text of Python without secrets."""
        return self._without(text, python_secrets.spans(text))

    def all_of(self, value: Value) -> Value:
        """A value that is sensitive as a whole, hidden; references to other resources stay visible."""
        if isinstance(value, Mapping):
            return {key: self.all_of(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.all_of(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and secret_words.is_reference(value):
            return value
        return self._mask(str(value))

    def _hide(self, value: Value, path: tuple[str, ...], sensitive: frozenset[str]) -> Value:
        if ".".join(path) in sensitive:
            return self.all_of(value)
        if isinstance(value, Mapping):
            return self._hide_object(value, path, sensitive)
        if isinstance(value, list):
            return [self._hide(item, path, sensitive) for item in value]
        return self._hide_leaf(value, path)

    def _hide_leaf(self, value: Value, path: tuple[str, ...]) -> Value:
        name = path[-1]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            last = secret_words.words(name)[-1:]
            return self._mask(str(value)) if last in (["password"], ["passcode"], ["pin"], ["secret"]) else value
        if not isinstance(value, str):
            return value
        if (
            not _in_condition(path)
            and secret_words.names_secret(name)
            and value
            and not secret_words.points_to_secret(value)
        ):
            document = self._document(value, name)
            return self.all_of(document.value) if document else self._mask(value)
        return self._hide_string(value, name)

    def _hide_object(
        self, value: Mapping[str, Value], path: tuple[str, ...], sensitive: frozenset[str]
    ) -> dict[str, Value]:
        """An object; also `{"name": "DB_PASSWORD", "value": …}`, and everything below a key such as `secrets`."""
        title = next((value[key] for key in yaml_secrets.TITLES if isinstance(value.get(key), str)), "")
        result: dict[str, Value] = {}
        for key, item in value.items():
            if key in yaml_secrets.VALUES and title and secret_words.names_secret(title.rsplit(".", 1)[-1]):
                is_pointer = isinstance(item, str) and secret_words.points_to_secret(item)
                result[key] = item if is_pointer else self.all_of(item)
            elif isinstance(item, (Mapping, list)) and secret_words.names_secret(key) and not _in_condition(path):
                result[key] = self._hide_leaves(item)
            else:
                result[key] = self._hide(item, (*path, key), sensitive)
        return result

    def _hide_leaves(self, value: Value) -> Value:
        if isinstance(value, Mapping):
            return {key: self._hide_leaves(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._hide_leaves(item) for item in value]
        if isinstance(value, str) and value and not secret_words.points_to_secret(value):
            return self._mask(value)
        return value

    def _hide_string(self, value: str, name: str) -> Value:
        document = self._document(value, name)
        if document is not None:
            return document
        if "sensitive(" in value and "${" in value:
            return self._mask(value)
        inside = secret_words.decoded(value)
        if inside is not None and secret_words.parts(inside, name=name):
            for start, end in secret_words.parts(inside, name=name):
                self._remember(inside[start:end])
            return self._mask(value)
        return self._without(value, [*secret_words.parts(value, name=name), *yaml_secrets.spans(value)])

    def _document(self, value: str, name: str) -> Document | None:
        if not value.lstrip().startswith(("{", "[")) or value.startswith("${"):
            return None
        read = _json(value)
        if not isinstance(read, (dict, list)) or not read:
            return None
        hidden = self._hide(read, (name,), frozenset())
        exact = not (is_policy(read) or _JSON_ATTRIBUTES.search(name))
        return Document(hidden, value if hidden == read else self._digest_only(value), exact)

    # ── second pass: what was hidden elsewhere ─────────────────────────────────────────────────────
    def hide_again(self, value: Value) -> Value:
        """A value without strings that were hidden elsewhere, such as a password inside a connection string."""
        if isinstance(value, Mapping):
            return {self._hide_in_key(str(key)): self.hide_again(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.hide_again(item) for item in value]
        if isinstance(value, Document):
            inside = self.hide_again(value.value)
            changed = inside != value.value and isinstance(value.text, str)
            return Document(inside, self._digest_only(str(value.text)) if changed else value.text, value.exact)
        if isinstance(value, Masked):
            return replace(value, shown=self.text(value.shown))
        if isinstance(value, str):
            return self._without(value, self._occurrences(value), remember=False)
        return value

    def _hide_in_key(self, key: str) -> str:
        masked = self._without(key, self._occurrences(key), remember=False)
        return masked.shown if isinstance(masked, Masked) else masked

    def text(self, value: str) -> str:
        """A text such as Terraform's plan, without hidden values and without anything that looks like a secret."""
        value = secret_words.without_pem(value, REDACTED)
        masked = self._without(value, self._occurrences(value), remember=False)
        lines = []
        for line in (masked.shown if isinstance(masked, Masked) else masked).split("\n"):
            shown = self._without(line, secret_words.parts(line, name="id"), remember=False)
            lines.append(shown.shown if isinstance(shown, Masked) else shown)
        return "\n".join(lines)

    def _occurrences(self, value: str) -> list[tuple[int, int]]:
        if not self._known:
            return []
        return [
            (start, start + length)
            for start in range(len(value) - _NOTABLE + 1)
            for length in self._lengths.get(value[start : start + _NOTABLE], ())
            if value[start : start + length] in self._known
        ]

    # ── masks ──────────────────────────────────────────────────────────────────────────────────────
    def _mask(self, value: str) -> Masked:
        self._remember(value)
        return self._digest_only(value)

    def _digest_only(self, value: str) -> Masked:
        return Masked(REDACTED, self._digest(value), literal="${" not in value)

    def _digest(self, value: str) -> str:
        return hmac.new(self._key, value.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def _remember(self, value: str) -> None:
        """Remember every form in which a secret may occur: as it is, line by line (Terraform indents the lines of a
        text), in base64, inside JSON, and what it contains where it is JSON or base64 itself.
        """
        lines = (line.strip() for line in value.splitlines())
        for secret in {value, value.strip(), secret_words.decoded(value) or "", *_leaves(value), *lines}:
            simple = secret.isalpha() and len(secret) < 2 * _NOTABLE
            if len(secret) >= _NOTABLE and not simple and not secret_words.points_to_secret(secret):
                # JSON escapes quotes and line ends.
                encoded = base64.b64encode(secret.encode(errors="replace")).decode()
                for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], encoded):
                    self._known.add(form)
                    self._lengths[form[:_NOTABLE]].add(len(form))

    def _without(self, value: str, spans: Iterable[tuple[int, int]], *, remember: bool = True) -> str | Masked:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        if not merged:
            return value
        shown, after = [], 0
        for start, end in merged:
            shown += [value[after:start], REDACTED]
            after = end
            if remember:
                self._remember(value[start:end])
        return Masked("".join([*shown, value[after:]]), self._digest(value))


def _json(value: str) -> Value:
    """A text as JSON, also with numbers that Terraform fills in; None where it is not JSON."""
    for text in (value, _BARE_REFERENCE.sub(r'\1"\2"', value)):
        try:
            read: Value = json.loads(text)
        except ValueError:
            continue
        return read
    return None


def _in_condition(path: tuple[str, ...]) -> bool:
    """Whether a value is part of a policy's condition: names such as `token.actions…:sub` are IAM's keys there."""
    return "Condition" in path or "condition" in path


def _leaves(value: str) -> Iterator[str]:
    """The strings inside a text that is JSON."""
    if not value.lstrip().startswith(("{", "[")):
        return
    try:
        pending = [json.loads(value)]
    except ValueError:
        return
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
