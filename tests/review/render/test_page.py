"""The review's HTML page, checked without a browser."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from groundwork.review.render.html import page
from tests.review.render import samples


def test_the_page_loads_nothing_and_allows_only_its_own_script_and_style() -> None:
    soup = BeautifulSoup(page(samples.pull_request(), blob_url="https://github.example/a/b/blob/c"), "html.parser")
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy
    assert "default-src 'none'" in policy["content"]
    assert "unsafe" not in policy["content"]
    assert not soup.find_all(["img", "iframe", "object", "embed", "base"])
    assert [element["href"] for element in soup.find_all("link")] == ["data:,"]
    assert not [element for element in soup.find_all(True) if element.get("src") or element.get("style")]
    assert not [name for element in soup.find_all(True) for name in element.attrs if name.startswith("on")]


def test_hostile_text_stays_text() -> None:
    plain = BeautifulSoup(page(samples.pull_request()), "html.parser")
    soup = BeautifulSoup(page(samples.hostile()), "html.parser")
    assert {tag.name for tag in soup.find_all(True)} <= {tag.name for tag in plain.find_all(True)}
    assert not [name for element in soup.find_all(True) for name in element.attrs if name.startswith("on")]
    outside = {link["href"] for link in soup.find_all("a") if not link["href"].startswith("#")}
    assert outside == {samples.HOSTILE_DOCS}
    text = soup.get_text()
    assert "<script>window.pwned=1</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text
    assert "\\u202egnp.exe" in text


def test_ids_are_unique_and_every_link_has_a_target() -> None:
    for review in (samples.pull_request(), samples.hostile(), samples.large(60)):
        soup = BeautifulSoup(page(review), "html.parser")
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids))
        assert {link["href"][1:] for link in soup.select('a[href^="#"]')} <= set(ids)


def test_every_resource_and_risk_is_on_the_page() -> None:
    review = samples.pull_request()
    text = BeautifulSoup(page(review), "html.parser").get_text()
    for stack in review.stacks:
        for resource in stack.resources:
            assert resource.address in text
    for risk in review.risks:
        assert risk.sentence in text
        assert risk.advice in text


def test_for_a_refactoring_the_page_is_no_change_without_a_script() -> None:
    soup = BeautifulSoup(page(samples.nothing()), "html.parser")
    assert soup.h1
    assert soup.h1.get_text() == "no change"
    assert not soup.find_all(["script", "details", "table"])


def test_lines_of_python_link_only_to_http_addresses() -> None:
    assert 'href="https://h.example/stacks/data.py#L87"' in page(samples.pull_request(), blob_url="https://h.example/")
    assert not re.search(r'href="(?!#|data:,|https://rules\.example/logs")', page(samples.pull_request()))
    with pytest.raises(ValueError, match="javascript"):
        page(samples.pull_request(), blob_url="javascript:alert(1)")


def test_the_same_review_gives_the_same_page() -> None:
    assert page(samples.pull_request()) == page(samples.pull_request())
