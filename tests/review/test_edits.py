"""The lines that a change wrote and deleted are read from git's patch, with their numbers on both sides."""

from __future__ import annotations

from pathlib import Path

from groundwork.review import edits, revisions
from groundwork.review.edits import Edit
from groundwork.review.model import Line
from tests.review.repository import Repository


def edits_between(repository: Repository, span: str, scratch: Path) -> list[Edit]:
    pair = revisions.parse(span, repository.root, scratch=scratch)
    return [*edits.of_patch(revisions.patch(*pair, repository.root))]


def test_lines_are_numbered_in_the_file_that_has_them(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    file = repository.root / "a.py"
    file.write_text("one\ntwo\nthree\nfour\nfive\n")
    repository.commit("before")
    file.write_text("zero\none\n2\nthree\nfive")
    repository.commit("before")
    assert edits_between(repository, "HEAD~1..HEAD", tmp_path) == [
        Edit(Line(file="a.py", line=1), "zero"),
        Edit(Line(file="a.py", line=2, now=3), "two", replaced=Line(file="a.py", line=3)),
        Edit(Line(file="a.py", line=3), "2"),
        Edit(Line(file="a.py", line=4, now=5), "four", replaced=Line(file="a.py", line=5)),
        Edit(Line(file="a.py", line=5, now=5), "five", replaced=Line(file="a.py", line=5)),
        Edit(Line(file="a.py", line=5), "five"),
    ]


def test_lines_that_look_like_a_patch_are_lines(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit("before")
    (repository.root / "b.py").write_text("++ b/other.py\n@@ -1 +1 @@\n")
    repository.commit("before")
    assert [(edit.line.file, edit.text) for edit in edits_between(repository, "HEAD~1..HEAD", tmp_path)] == [
        ("b.py", "++ b/other.py"),
        ("b.py", "@@ -1 +1 @@"),
    ]


def test_lines_of_a_file_that_is_gone_have_no_place_at_head(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (repository.root / "été.py").write_text("a\n")
    repository.commit("before")
    (repository.root / "été.py").unlink()
    repository.commit("before")
    (edit,) = edits_between(repository, "HEAD~1..HEAD", tmp_path)
    assert (edit.line, edit.replaced) == (Line(file="été.py", line=1, now=0), None)


def test_of_a_renamed_file_only_the_edited_lines_count(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    text = "".join(f"line {number}\n" for number in range(20))
    (repository.root / "a.py").write_text(text)
    repository.commit("before")
    (repository.root / "a.py").rename(repository.root / "b.py")
    (repository.root / "b.py").write_text(text.replace("line 7\n", "line seven\n"))
    assert [edit.text for edit in edits_between(repository, "HEAD..", tmp_path)] == ["line 7", "line seven"]
