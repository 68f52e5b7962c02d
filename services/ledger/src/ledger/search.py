"""QLedger's search language as SQL.

Text of the client never becomes text of a statement: columns and operators come from the tables here, and keys and
values are parameters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg.types.json import Jsonb
from servicekit.problems import Problem

from ledger.models import Conditions, Kind, Query

OPERATORS: dict[str, LiteralString] = {
    "eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "like": "LIKE", "notlike": "NOT LIKE",
}  # fmt: skip
COLUMNS: dict[Kind, dict[str, LiteralString]] = {
    "accounts": {"id": "id", "balance": "balance", "data": "data"},
    "transactions": {"id": "id", "timestamp": '"timestamp"', "data": "data"},
}
_CASTS: dict[str, LiteralString] = {"id": "text", "balance": "numeric", "timestamp": "timestamp", "data": "jsonb"}
_TEXT_OPERATORS = ("like", "notlike")


@dataclass
class Where:
    """A condition, TRUE when nothing was asked for, and its parameters in order."""

    kind: Kind
    strict: bool
    parameters: list[Any] = field(default_factory=list)

    def condition(self, query: Query) -> LiteralString:
        """The condition for `query`. Raises Problem for what the language does not have."""
        must, should = list(self._items(query.must)), list(self._items(query.should))
        groups: list[LiteralString] = []
        if must:
            groups.append("(" + " AND ".join(must) + ")")
        if should:
            groups.append("(" + " OR ".join(should) + ")")
        return " AND ".join(groups) or "TRUE"

    def _items(self, conditions: Conditions) -> Iterator[LiteralString]:
        for names in conditions.fields:
            yield self._all(self._field(name, op, value) for name, ops in names.items() for op, value in ops.items())
        for terms in conditions.terms:
            yield self._all(self._term(key, value) for key, value in terms.items())
        for keys in conditions.ranges:
            yield self._all(self._range(key, op, value) for key, ops in keys.items() for op, value in ops.items())

    def _parameter(self, value: Any, cast: LiteralString) -> LiteralString:
        self.parameters.append(value)
        return "%s::" + cast

    def _field(self, name: str, op: str, value: Any) -> LiteralString:
        column = COLUMNS[self.kind].get(name)
        if column is None:
            raise self._problem(f"fields: {self.kind} has {', '.join(COLUMNS[self.kind])}")

        def compare(op: str, operand: Any) -> LiteralString:
            if operand is None:
                return self._null(column, op)
            if isinstance(operand, list) or (isinstance(operand, dict) and name != "data"):
                raise self._problem(f"fields: {op} of {name} takes a number or a text")
            if op in _TEXT_OPERATORS:
                return f"{column}::text {OPERATORS[op]} {self._parameter(_text(operand), 'text')}"
            cast = _CASTS[name]
            return f"{column} {self._operator(op)} {self._parameter(_text(operand), cast)}"

        if self.strict and (op in {"is", "isnot"} or isinstance(value, list | dict)):
            raise self._problem("QLedger compares fields with a number or a text alone")
        return self._compare(op, value, compare)

    def _term(self, key: str, value: Any) -> LiteralString:
        # The document as a whole is searched, since only then the index is used. A scalar also matches within an array.
        condition: LiteralString = "data @> " + self._parameter(Jsonb({key: value}), "jsonb")
        if isinstance(value, dict | list):
            return condition
        return f"({condition} OR data @> {self._parameter(Jsonb({key: [value]}), 'jsonb')})"

    def _range(self, key: str, op: str, value: Any) -> LiteralString:
        def compare(op: str, operand: Any) -> LiteralString:
            member = self._parameter(key, "text")
            if operand is None:
                return self._null(f"(data ->> {member})", op)
            if isinstance(operand, dict | list):
                raise self._problem(f"ranges: {op} takes a number, a text or null")
            is_number = isinstance(operand, int | float) and not isinstance(operand, bool)
            if self.strict and (op in {"is", "isnot"} or (is_number and op in _TEXT_OPERATORS)):
                raise self._problem(f"ranges: {op} takes another kind of value")
            if is_number and op not in _TEXT_OPERATORS:
                # Strict: Postgres fails where a row holds another kind of value, as QLedger does.
                number: LiteralString = (
                    f"(data ->> {member})::float8" if self.strict else f"json_number(data -> {member})"
                )
                return f"{number} {self._operator(op)} {self._parameter(operand, 'float8')}"
            return f"(data ->> {member}) {self._operator(op)} {self._parameter(_text(operand), 'text')}"

        return self._compare(op, value, compare)

    def _compare(self, op: str, value: Any, compare: Callable[[str, Any], LiteralString]) -> LiteralString:
        if op not in {"in", "nin"}:
            return compare(op, value)
        if not isinstance(value, list) or not value:
            raise self._problem(f"{op} takes a list with a value or more")
        if op == "in":
            return "(" + " OR ".join([compare("eq", member) for member in value]) + ")"
        # QLedger joins by OR, which is true for every row as soon as there are two values.
        joint: LiteralString = " OR " if self.strict else " AND "
        return "(" + joint.join([compare("ne", member) for member in value]) + ")"

    def _all(self, conditions: Iterator[LiteralString]) -> LiteralString:
        joint: LiteralString = " AND ".join(list(conditions))
        if not joint and self.strict:
            raise self._problem("an item is empty")
        return f"({joint or 'TRUE'})"

    def _problem(self, detail: str) -> Problem:
        # QLedger finds out from Postgres, whose refusal it answers with 500.
        return Problem(500 if self.strict else 400, detail)

    def _operator(self, op: str) -> LiteralString:
        if op in OPERATORS:
            return OPERATORS[op]
        if self.strict:
            return "="  # as QLedger reads every operator that it does not know
        raise Problem(400, f"operator {op!r} is unknown; there are {', '.join(OPERATORS)}, in, nin, is, isnot")

    def _null(self, operand: LiteralString, op: str) -> LiteralString:
        if op in {"is", "isnot"}:
            return f"{operand} IS {'NOT ' if op == 'isnot' else ''}NULL"
        if self.strict:
            return f"{operand} = NULL"  # holds for no row
        if op in {"eq", "ne"}:
            return f"{operand} IS {'NOT ' if op == 'ne' else ''}NULL"
        raise Problem(400, f"{op} cannot compare with null; there are eq, ne, is, isnot")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
