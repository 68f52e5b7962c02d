"""The names of what a review can be written as."""

from enum import StrEnum


class Format(StrEnum):
    """What a review can be written as."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    HCL = "hcl"
