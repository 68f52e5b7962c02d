"""Synthesised stacks with a Lambda function whose zip holds some files."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from groundwork.review import checkout
from tests.review.trees import STACK, resources, tree

PACKAGES = {
    "boto3/__init__.py": "a = 1\n",
    "boto3/session.py": "b = 1\n",
    "boto3-1.40.0.dist-info/METADATA": "Name: boto3\n",
    "attr/__init__.py": "c = 1\n",
    "attrs-25.1.0.dist-info/METADATA": "Name: attrs\n",
    "attrs-25.1.0.dist-info/top_level.txt": "attr\nattrs\n",
    "six.py": "d = 1\n",
    "six-1.17.0.dist-info/METADATA": "Name: six\n",
}
"""Files of three packages, of which only one has the name of its folder."""


def folder(where: Path, files: Mapping[str, str]) -> Path:
    """A folder laid out for a review, with a function whose zip has these files."""
    return folders(where, {STACK: files})


def folders(where: Path, stacks: Mapping[str, Mapping[str, str]]) -> Path:
    """The same with several stacks: stack → the files of its function's zip."""
    path = f"assets/package/{where.name}/populate.zip"
    function = resources(aws_lambda_function={"x": {"function_name": "a", "filename": path}})
    made = tree(where / "out", dict.fromkeys(stacks, function))
    for stack, files in stacks.items():
        (made / "stacks" / stack / path).parent.mkdir(parents=True)
        with zipfile.ZipFile(made / "stacks" / stack / path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    return checkout.copy_synthesised(made, where / "kept", environments=["dev", "prod"])
