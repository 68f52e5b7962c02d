"""The page in a real browser: search, filters, keys, themes and accessibility."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.review.render import samples
from tests.review.render.conftest import Open
from tests.support.browser import axe

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

ROLE_ID = "dev-data--aws_iam_role_policy.archiver_90D24E17"
ROLE = f'[id="{ROLE_ID}"]'
NARROW = {"width": 390, "height": 844}


def shown(page: Page) -> list[str]:
    """Addresses of resources that are visible, if need be after scrolling."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.resource > summary')]"
        ".filter((row) => row.checkVisibility()).map((row) => row.querySelector('code').textContent)"
    )


def contrast_of(page: Page, selector: str) -> float:
    """The contrast between text and page colour of an element, as WCAG counts it."""

    def luminance(colour: str) -> float:
        channels = [float(number) / 255 for number in re.findall(r"[\d.]+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    text, ground = page.evaluate(
        "(selector) => [getComputedStyle(document.querySelector(selector)).color,"
        " getComputedStyle(document.body).backgroundColor]",
        selector,
    )
    light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_search_shows_changes_with_all_words_and_marks_them(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.fill("#query", "PROD deleteobject")
    expect(page.locator("#result")).to_have_text("1 of 14 changes, 1 of 8 risks")
    assert shown(page) == ["aws_iam_role_policy.archiver_90D24E17"]
    marked = page.evaluate("() => [...CSS.highlights.get('match')].map((range) => range.toString().toLowerCase())")
    assert set(marked) == {"prod", "deleteobject"}
    expect(page.locator("#result")).to_have_attribute("aria-live", "polite")


def test_clearing_the_search_restores_the_page(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.click("#stack-dev-network > summary")
    before = shown(page)
    page.fill("#query", "storage_encrypted")
    expect(page.locator("#result")).not_to_be_empty()
    assert shown(page) == ["aws_db_instance.orders_2F6A91C3"] * 2
    page.press("#query", "Escape")
    expect(page.locator("#result")).to_be_empty()
    assert shown(page) == before
    expect(page.locator("#query")).to_have_value("")


def test_a_search_without_results_shows_a_message(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.fill("#query", "nothing has this")
    expect(page.locator("#nothing")).to_be_visible()
    page.click("#nothing button")
    expect(page.locator("#nothing")).to_be_hidden()
    expect(page.locator("#query")).to_be_focused()


def test_filters_combine(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.get_by_role("checkbox", name="high").check()
    expect(page.locator("#result")).to_have_text("4 of 14 changes, 3 of 8 risks")
    page.get_by_role("checkbox", name="prod").check()
    expect(page.locator("#result")).to_have_text("2 of 14 changes, 3 of 8 risks")
    page.get_by_role("checkbox", name="replaced").check()
    expect(page.locator("#result")).to_have_text("1 of 14 changes, 3 of 8 risks")
    assert shown(page) == ["aws_db_instance.orders_2F6A91C3"]
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#result")).to_be_empty()
    assert page.locator(".filters input:checked").count() == 0


def test_expand_and_collapse_all(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    assert shown(page) == []
    page.get_by_role("button", name="Expand all").click()
    assert len(shown(page)) == 14
    page.get_by_role("button", name="Collapse all").click()
    assert shown(page) == []


def test_a_risk_links_to_its_resource(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.get_by_role("link", name="dev-data: aws_iam_role_policy.archiver_90D24E17").click()
    expect(page.locator(ROLE)).to_have_attribute("open", "")
    expect(page.locator(f"{ROLE} > summary")).to_be_focused()
    expect(page.locator(ROLE)).to_be_in_viewport()


def test_a_link_from_elsewhere_opens_the_resource(open_page: Open) -> None:
    page = open_page(samples.pull_request(), fragment=f"#{ROLE_ID}")
    expect(page.locator(f"{ROLE} .diff")).to_be_in_viewport()


def test_the_page_can_be_used_by_keyboard(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("j?")  # letters in the field are letters
    expect(page.locator("#query")).to_have_value("j?")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("body").press("j")
    expect(page.locator("[data-stop]").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-stop]").first).to_be_focused()
    stack = page.locator("#stack-dev-network")
    stack.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(stack).to_have_attribute("open", "")
    page.keyboard.press("j")
    expect(stack.locator(".resource > summary").first).to_be_focused()
    page.keyboard.press("c")
    assert shown(page) == []
    page.keyboard.press("e")
    assert len(shown(page)) == 14
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_a_button_copies_an_address(open_page: Open) -> None:
    page = open_page(samples.pull_request(), permissions=["clipboard-read", "clipboard-write"])
    page.click("#expand")
    page.get_by_role("button", name="Copy address aws_nat_gateway.nat_1_55C0E2B8").first.click()
    expect(page.locator("#announcement")).to_have_text("Copied aws_nat_gateway.nat_1_55C0E2B8")
    assert page.evaluate("navigator.clipboard.readText()") == "aws_nat_gateway.nat_1_55C0E2B8"


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_system_until_a_person_chooses_one(open_page: Open, system: str) -> None:
    def ground() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page = open_page(samples.pull_request(), color_scheme=system)
    grounds = {"light": "rgb(247, 247, 245)", "dark": "rgb(18, 20, 24)"}
    assert ground() == grounds[system]
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert ground() == grounds["light"]
    button.click()
    assert ground() == grounds["dark"]
    page.reload()
    expect(button).to_have_text("Theme: dark")
    assert ground() == grounds["dark"]


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("name", ["pull_request", "nothing"])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_accessibility_problem(open_page: Open, system: str, name: str, viewport: dict[str, int]) -> None:
    script = axe()
    page = open_page(getattr(samples, name)(), color_scheme=system, viewport=viewport, bypass_csp=True)
    if name == "pull_request":
        page.click("#expand")
        page.get_by_role("checkbox", name="dev").check()
    page.evaluate(script)
    tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
    report = page.evaluate("(tags) => axe.run({ runOnly: tags })", tags)
    assert [
        (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
        for violation in report["violations"]
    ] == []
    assert len(report["passes"]) > 15


@pytest.mark.parametrize("system", ["light", "dark"])
def test_text_has_enough_contrast(open_page: Open, system: str) -> None:
    page = open_page(samples.pull_request(), color_scheme=system)
    for selector in ("h1 span", ".lead", ".eyebrow", ".legend", "legend", ".counts", "footer p"):
        assert contrast_of(page, selector) >= 4.5, selector


def test_landmarks_and_headings_are_in_order(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    for role in ("banner", "search", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]
    page.click("#expand")
    levels = page.evaluate("() => [...document.querySelectorAll('main :is(h2,h3,h4)')].map((h) => +h.tagName[1])")
    assert levels[0] == 2
    assert all(after - before <= 1 for before, after in pairwise(levels))
    page.keyboard.press("Tab")


def test_the_first_tab_skips_to_the_review_and_focus_is_seen(open_page: Open) -> None:
    page = open_page(samples.pull_request())
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the review")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#query")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("name", ["pull_request", "hostile", "nothing"])
def test_nothing_scrolls_sideways_on_a_phone(open_page: Open, name: str) -> None:
    page = open_page(getattr(samples, name)(), viewport=NARROW)
    page.evaluate("document.querySelectorAll('details').forEach((element) => { element.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_advice_scrolls_in_its_own_box(open_page: Open) -> None:
    review = samples.pull_request()
    advice = "\n".join(f'{{"from": "aws_s3_bucket.{"old" * 40}_{n}"}}' for n in range(40))
    long = review.model_copy(update={"risks": (review.risks[0].model_copy(update={"advice": advice}),)})
    page = open_page(long, viewport=NARROW)
    box = page.locator(".advice")
    height, content, ground = box.evaluate(
        "(box) => [box.clientHeight, box.scrollHeight, getComputedStyle(box).backgroundColor]"
    )
    assert height < 300 < content
    assert ground == "rgb(244, 244, 241)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box.focus()
    expect(box).to_be_focused()


def test_hostile_text_does_nothing(open_page: Open) -> None:
    page = open_page(samples.hostile(), blob_url="https://github.example/a/b/blob/c")
    page.click("#expand")
    page.fill("#query", "<script>")
    expect(page.locator("#result")).not_to_be_empty()
    page.locator("[data-copy]:visible").first.click()
    assert page.evaluate("window.pwned") is None
    assert page.locator("main h1, iframe, img").count() == 0
    assert page.locator(".stack").count() == len(samples.CANARIES)


def test_an_injected_script_would_not_run(open_page: Open) -> None:
    page = open_page(samples.pull_request(), console="requires 'TrustedHTML' assignment")
    problems = page.evaluate(
        """() => new Promise((done) => {
             document.addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));
             const script = document.createElement('div');
             try { script.innerHTML = '<img src=x onerror="window.pwned=1">'; } catch { done('trusted types'); }
           })"""
    )
    assert problems in {"trusted types", "require-trusted-types-for"}
    assert page.evaluate("window.pwned") is None


def test_the_page_can_be_read_without_javascript(open_page: Open) -> None:
    page = open_page(samples.pull_request(), java_script_enabled=False)
    expect(page.get_by_role("search")).to_be_hidden()
    expect(page.get_by_text("Port 443 is opened to 0.0.0.0/0.")).to_be_visible()
    page.click("#stack-dev-data > summary")
    expect(page.locator(f"{ROLE} .diff")).to_be_visible()


def test_a_printed_page_shows_everything_and_no_buttons(open_page: Open) -> None:
    page = open_page(samples.pull_request(), color_scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert len(shown(page)) == 14
    expect(page.locator(".bar")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert shown(page) == []


def test_two_thousand_changes_can_be_searched(open_page: Open) -> None:
    page = open_page(samples.large(2_000))
    assert page.locator(".resource").count() == 2_000
    page.fill("#query", "setting_3_1983")
    expect(page.locator("#result")).to_have_text("1 of 2000 changes, 0 of 40 risks")
    assert shown(page) == ["aws_ssm_parameter.setting_3_1983"]
