"""A Lambda zip is compared as what it is: lines of Python, and packages with their versions."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from groundwork.review import inventory, make
from groundwork.review.model import Review
from groundwork.review.render.attribute_lines import attribute_lines
from groundwork.review.render.markdown import markdown
from tests.review.packaged import PACKAGES, folder, folders
from tests.review.trees import STACK

HANDLER = "import os\n\n\ndef handle(event, context):\n    return os.environ['TABLE']\n"
UPGRADED = {name.replace("1.40.0", "1.41.0"): text.replace("b = 1", "b = 2") for name, text in PACKAGES.items()}


def reviewed(tmp_path: Path, before: Mapping[str, str], after: Mapping[str, str]) -> Review:
    base, head = folder(tmp_path / "base", before), folder(tmp_path / "head", after)
    return make.make(base, head, names=("b" * 40, "a" * 40))[0]


def listed(report: Review) -> dict[str, tuple[str | None, str | None]]:
    """What differs inside the zip: path → before and after."""
    (resource,) = report.stacks[0].resources
    return {
        attribute.path.removeprefix("filename: "): tuple(
            json.loads(text) if text else None for text in (attribute.before, attribute.after)
        )
        for attribute in resource.attributes
        if attribute.path.startswith("filename: ")
    }


def lines(report: Review, path: str) -> list[str]:
    """The lines of the diff of a file, as the report shows them."""
    (resource,) = report.stacks[0].resources
    (attribute,) = [each for each in resource.attributes if each.path == f"filename: {path}"]
    return [f"{line.sign}{line.text}" for line in attribute_lines(attribute)]


def test_a_changed_handler_is_a_diff_of_its_lines(tmp_path: Path) -> None:
    after = {"populate/handler.py": HANDLER.replace("'TABLE'", "'QUEUE'"), **PACKAGES}
    report = reviewed(tmp_path, {"populate/handler.py": HANDLER, **PACKAGES}, after)
    assert lines(report, "populate/handler.py") == [
        " filename: populate/handler.py =",
        "   … line 3",
        "   ",
        "   def handle(event, context):",
        "-      return os.environ['TABLE']",
        "+      return os.environ['QUEUE']",
        "   ",
    ]
    assert list(listed(report)) == ["populate/handler.py"]


def test_a_function_is_compared_with_itself_and_no_other_stacks(tmp_path: Path) -> None:
    """Another environment has the code that this one had, before and after."""
    code, other = {"populate/a.py": "x = 1\n"}, {"populate/a.py": "x = 2\n"}
    base = folders(tmp_path / "base", {STACK: code, "prod-data": code})
    head = folders(tmp_path / "head", {STACK: other, "prod-data": code})
    report = make.make(base, head, names=("b" * 40, "a" * 40))[0]
    assert lines(report, "populate/a.py")[2:4] == ["-  x = 1", "+  x = 2"]


def test_packages_are_listed_by_name_and_version(tmp_path: Path) -> None:
    """However many files they have."""
    after = {name: text for name, text in UPGRADED.items() if not name.startswith("six")} | {
        "httpx/__init__.py": "e = 1\n",
        "httpx-0.28.1.dist-info/METADATA": "Name: httpx\n",
    }
    assert listed(reviewed(tmp_path, PACKAGES, after)) == {
        "package boto3": ("1.40.0", "1.41.0"),
        "package httpx": (None, "0.28.1"),
        "package six": ("1.17.0", None),
    }


def test_other_files_under_an_equal_version_are_a_finding(tmp_path: Path) -> None:
    report = reviewed(tmp_path, PACKAGES, {**PACKAGES, "attr/__init__.py": "c = 2\n"})
    (risk,) = report.risks
    assert risk.sentence == "The files of package attrs 25.1.0 differ, although its version is the same."
    before, after = listed(report)["package attrs"]
    assert str(before).startswith("25.1.0 (files sha256:")
    assert before != after


def test_code_that_belongs_to_no_package_is_never_left_out(tmp_path: Path) -> None:
    report = reviewed(tmp_path, PACKAGES, {**PACKAGES, "unnamed/x.py": "import socket\n", "unnamed/data.bin": "x"})
    assert lines(report, "unnamed/x.py")[1:] == ["+  … line 1", "+  import socket", "+  "]
    assert listed(report)["unnamed/data.bin"][1].startswith("sha256:")  # type: ignore[union-attr]


def test_files_beyond_the_most_that_are_listed_are_counted(tmp_path: Path) -> None:
    many = {f"populate/f{number}.py": "x = 1\n" for number in range(45)}
    report = reviewed(tmp_path, PACKAGES, {**UPGRADED, **many})
    assert len(listed(report)) == 41
    assert lines(report, "… and 6 more") == ["!filename: … and 6 more"]


def test_a_long_difference_is_cut_and_says_so(tmp_path: Path) -> None:
    long = "".join(f"line_{number} = {number}\n" for number in range(1000))
    report = reviewed(tmp_path, {"populate/a.py": "x = 1\n"}, {"populate/a.py": long, "populate/b.py": "y" * 300_000})
    shown = lines(report, "populate/a.py")
    assert len(shown) < 100
    assert "   … and more" in shown
    assert listed(report)["populate/b.py"][1].startswith("sha256:"), "too long to compare"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "hidden"),
    [
        ('PASSWORD: str = "correct-horse"\n', True),
        ('connect(password="correct-horse")\n', True),
        ('SETTINGS = {"api_key": ("correct-" "horse")}\n', True),
        ("# the password = correct-horse\n", True),
        ('token = fetch("correct-horse")\n', False),
        ("secret = client.get(correct_horse)\n", False),
    ],
)
def test_secrets_in_code_are_hidden_and_nothing_else_is(tmp_path: Path, code: str, hidden: bool) -> None:
    """Otherwise a name would be enough to hide from a reviewer what a line does."""
    report = reviewed(tmp_path, {"populate/a.py": "\n"}, {"populate/a.py": code})
    shown = "\n".join([report.model_dump_json(), *markdown(report)])
    assert ("correct-horse" not in shown and "correct_horse" not in shown) is hidden
    sentences = [risk.sentence for risk in report.risks]
    assert any(sentence.startswith("filename: populate/a.py looks like a secret") for sentence in sentences) is hidden


def test_a_secret_that_changes_is_shown_as_changed(tmp_path: Path) -> None:
    sides = [{"populate/a.py": f'PASSWORD = "{value}"\n'} for value in ("correct-horse", "battery-staple")]
    report = reviewed(tmp_path, *sides)
    assert lines(report, "populate/a.py") == [
        "!filename: populate/a.py changes; what changes is sensitive and not shown"
    ]
    assert report.risks == (), "it was in the code before"


def test_code_that_is_not_python_is_shown_without_what_looks_secret(tmp_path: Path) -> None:
    report = reviewed(tmp_path, {"populate/a.py": "\n"}, {"populate/a.py": 'def (\npassword = "correct-horse"\n'})
    assert "correct-horse" not in report.model_dump_json()
    assert "+  def (" in lines(report, "populate/a.py")


def test_hostile_lines_have_no_effect_in_a_comment(tmp_path: Path) -> None:
    code = "x = '```'\n# \u202egnp.exe <!-- --> </details> @acme/admins\n"
    comment = markdown(reviewed(tmp_path, {"populate/a.py": "\n"}, {"populate/a.py": code}))[0]
    assert "\u202e" not in comment
    assert "````diff" in comment


@pytest.mark.parametrize("cut", [30, 200])
def test_a_damaged_zip_counts_as_a_single_file(tmp_path: Path, cut: int) -> None:
    stack = tmp_path / "stack"
    (stack / "assets").mkdir(parents=True)
    with zipfile.ZipFile(stack / "assets" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("populate/a.py", "".join(f"x{number} = {number}\n" for number in range(500)))
    body = bytearray((stack / "assets" / "a.zip").read_bytes())
    body[cut + 20 : cut + 25] = b"*****"
    (stack / "assets" / "a.zip").write_bytes(body)
    assert list(inventory.of(stack).files) == ["assets/a.zip"]
