"""Expressions: every string is parsed as Terraform does, and only listed functions and references may be in it.

A search for what is forbidden loses against comments and strings that look like code; what does not parse here is
refused instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from groundwork.preflight import Violation, document
from groundwork.preflight.data_sources import DATA_SOURCES
from groundwork.refusals import Code

Expression = Tree[Token]

# Functions of their arguments alone. Of Terraform's functions these are missing:
# - those that read files or paths of the machine, and templatestring, whose template is not parsed here;
# - nonsensitive, ephemeralasnull and issensitive, with which a secret of a state could be printed;
# - rsadecrypt, and those that give another result each time: bcrypt, plantimestamp, timestamp, uuid.
_PURE = """
    abs ceil floor log max min parseint pow signum
    chomp endswith format formatlist indent join lower regex regexall replace split startswith strcontains strrev
    substr title trim trimprefix trimspace trimsuffix upper
    alltrue anytrue chunklist coalesce coalescelist compact concat contains distinct element flatten index keys length
    lookup matchkeys merge one range reverse setintersection setproduct setsubtract setunion slice sort sum transpose
    values zipmap
    base64decode base64encode base64gzip csvdecode jsondecode jsonencode urlencode yamldecode yamlencode
    base64sha256 base64sha512 md5 sha1 sha256 sha512 uuidv5
    cidrhost cidrnetmask cidrsubnet cidrsubnets
    can sensitive tobool tolist tomap tonumber toset tostring try
"""
_OF_FILES = """
    abspath file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 filesha512
    pathexpand templatefile templatestring
"""
_FUNCTIONS = frozenset(_PURE.split())
_FILE_FUNCTIONS = frozenset(_OF_FILES.split())
_LITERALS = {"true", "false", "null"}
_TERRAFORM = {"applying", "workspace"}


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of a string; raises ValueError for what is not text with expressions as cdktf writes them."""
    if not _has_expression(text):
        return Tree("template", [Token("TEXT", text)] if text else [])
    try:
        return _parser().parse(text)
    except LarkError as error:
        raise ValueError(str(error)) from error


def check(terraform: Mapping[str, Any]) -> Iterator[Violation]:
    """Violations in every string of a stack's Terraform, keys included."""
    types = {kind for (kind, _), _ in document.blocks(terraform.get("resource", {}), 2)}
    for path, text in document.strings(terraform):
        if not _has_expression(text):
            continue
        where = path if len(path) <= 120 else f"{path[:117]}…"
        try:
            expression = parse(text)
        except ValueError:
            yield Violation(Code.EXPRESSION_NOT_ALLOWED, f"{where} has an expression that cdktf does not write")
            continue
        for code, what in _check(expression, types):
            yield Violation(code, f"{where} {what}")


def _has_expression(text: str) -> bool:
    return "${" in text or "%{" in text


def output_of_another_stack(text: object) -> tuple[str, str] | None:
    """Remote state and output where a string is exactly a reference to such an output."""
    try:
        expression = parse(text) if isinstance(text, str) else None
    except ValueError:
        return None
    match expression:
        case Tree("template", [Tree("traversal", [Tree("variable", ["data"]), *steps])]):
            match [str(step.children[0]) for step in steps if isinstance(step, Tree) and step.data == "attribute"]:
                case ["terraform_remote_state", state, "outputs", output] if len(steps) == 4:
                    return state, output
    return None


def _check(expression: Expression, types: Set[str]) -> Iterator[tuple[Code, str]]:
    trees = [*expression.iter_subtrees()]
    roots = {id(tree.children[0]) for tree in trees if tree.data == "traversal"}
    for tree in trees:
        children: list[Any] = tree.children
        root, *steps = children or [None]
        if tree.data == "call":
            if root in _FILE_FUNCTIONS:
                yield Code.FILE_OUTSIDE_STACK, f"calls {root}(), which reads the job's disk"
            elif root not in _FUNCTIONS:
                yield Code.EXPRESSION_NOT_ALLOWED, f"calls {root}(), which is not on the list"
        elif tree.data == "variable" and id(tree) not in roots and root not in _LITERALS:
            yield Code.EXPRESSION_NOT_ALLOWED, f"refers to {root}, which is not on the list"
        elif tree.data == "traversal" and isinstance(root, Tree) and root.data == "variable":
            names = [str(root.children[0]), *_leading_names(steps)]
            if not _is_known(names, types):
                yield Code.EXPRESSION_NOT_ALLOWED, f"refers to {'.'.join(names[:2])}, which is not on the list"


def _leading_names(steps: list[Any]) -> Iterator[str]:
    for step in steps:
        if step.data != "attribute":
            return
        yield str(step.children[0])


def _is_known(names: list[str], types: Set[str]) -> bool:
    match names:
        case ["data", kind, _, *_]:
            return kind in DATA_SOURCES
        case ["terraform", name]:
            return name in _TERRAFORM
        case ["local", _, *_]:
            return True
        case [kind, _, *_]:
            return kind in types
    return False


@cache
def _parser() -> Lark:
    return Lark.open("expressions.lark", rel_to=__file__, parser="lalr", start="template")
