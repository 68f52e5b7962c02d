"""Parses a comment as GitHub does (CommonMark with tables), and separates code from other text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

ALLOWED_TAGS = {"details", "summary", "code", "b", "br", "sub"}
_TAG = re.compile(r"<\s*/?\s*([a-zA-Z!][\w-]*)")


@dataclass
class Parsed:
    """`text` is outside of code, where GitHub follows mentions; `html` is raw; `fences` are info and body of code."""

    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    fences: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    @property
    def tags(self) -> list[str]:
        """Names of all tags of raw HTML, closing ones too."""
        return [name.lower() for raw in self.html for name in _TAG.findall(raw)]


def parse(markdown: str) -> Parsed:
    """Parse a comment; fails if a block of code is not closed."""
    parsed = Parsed()
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        parsed.tokens.add(token.type)
        if token.type == "fence":
            assert token.map is not None
            last = markdown.split("\n")[token.map[1] - 1]
            assert last.strip() == token.markup, f"a block of code is not closed: {token.content[:200]}"
            parsed.fences.append((token.info, token.content))
        elif token.type == "html_block":
            parsed.html.append(token.content)
        inside = False
        for child in token.children or []:
            parsed.tokens.add(child.type)
            if child.type == "html_inline" and child.content in {"<code>", "</code>"}:
                inside = child.content == "<code>"
            if child.type == "code_inline":
                parsed.code.append(child.content)
            elif child.type == "html_inline":
                parsed.html.append(child.content)
            elif child.type == "text":
                (parsed.code if inside else parsed.text).append(child.content)
            elif child.type == "link_open":
                parsed.links.append(str(child.attrs["href"]))
    return parsed


def is_whole(markdown: str) -> bool:
    """Whether every `<details>` and `<summary>` is closed, in order."""
    depth: list[str] = []
    for raw in parse(markdown).html:
        for closing, name in re.findall(r"<(/?)(details|summary)>", raw):
            if not closing:
                depth.append(name)
            elif not depth or depth.pop() != name:
                return False
    return not depth
