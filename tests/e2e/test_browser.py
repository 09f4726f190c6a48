"""The pages in a browser: accessible, by keyboard, zoomed, narrow, printed, and with scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.test_ways import seen
from tests.e2e.ways import WAYS, Choose, Fill, Link, Menu, Search, Way
from tests.web.addresses import PAGES

pytestmark = pytest.mark.browser
#: Walks in a browser; the rest are followed without one in test_ways.
WALKED = WAYS[::2] + WAYS[1:20:2]


def at(browser: Any, width: int, height: int = 900, **options: Any) -> Any:
    """A page of a new context of this size."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    return watched(context.new_page())


def watched(page: Any) -> Any:
    """A page that notes the errors in its console."""
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    return page


def several(
    opened: Callable[[], Any], look: Callable[[Any, str], Callable[[], None]], tabs: int = 4
) -> None:
    """Look at all pages, some of them beside each other.

    Args:
        opened: opens a tab.
        look: goes to an address in a tab, begins what takes a while, and gives what is to be done
            when that is over.
    """
    free = [opened() for _ in range(tabs)]
    begun: list[tuple[Any, Callable[[], None]]] = []
    for address in PAGES:
        if not free:
            tab, end = begun.pop(0)
            end()
            free.append(tab)
        tab = free.pop()
        begun.append((tab, look(tab, address)))
    for _, end in begun:
        end()


@pytest.mark.parametrize("width", [pytest.param(320, marks=pytest.mark.long), 1280])
def test_axe_finds_nothing(server: str, browser: Any, axe: str, width: int) -> None:
    page = at(browser, width, bypass_csp=True)
    found = {}

    def look(tab: Any, address: str) -> Callable[[], None]:
        tab.goto(server + address)
        tab.evaluate(axe)
        # A moment later: what is asked of a page is waited for, and this takes long.
        tab.evaluate(
            "() => { window.looked = new Promise(done => setTimeout(() => done(axe.run(document,"
            " {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],"
            " resultTypes: ['violations']})))) }"
        )

        def end() -> None:
            violations = tab.evaluate("async () => (await window.looked).violations")
            faults = [(v["id"], v["nodes"][0]["html"][:160]) for v in violations]
            if faults:
                found[address] = faults

        return end

    several(page.context.new_page, look)
    assert found == {}
    page.context.close()


def test_pages_fit_in_320_pixels_and_at_200_percent(server: str, browser: Any) -> None:
    for width in (320, 640):
        page = at(browser, width)
        for address in PAGES:
            page.goto(server + address)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} is {wide} wide at {width}"
        page.context.close()


def test_text_can_grow_to_double(server: str, browser: Any) -> None:
    page = at(browser, 1280)
    for address in ("/", "/ansvar?law=sul-140", "/indsatser", "/kalender"):
        page.goto(server + address)
        page.evaluate("document.documentElement.style.setProperty('font-size', '125%')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, address
    page.context.close()


def test_no_console_errors_and_no_other_host(server: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    hosts = set()
    context.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    def look(tab: Any, address: str) -> Callable[[], None]:
        tab.goto(server + address)

        def end() -> None:
            tab.wait_for_load_state("networkidle")
            assert tab.errors == [], address

        return end

    several(lambda: watched(context.new_page()), look, 8)
    assert hosts == {server.split("/")[2]}
    assert context.cookies() == []
    context.close()


def test_search_by_keyboard(server: str, browser: Any) -> None:
    page = at(browser, 1280)
    page.goto(server + "/")
    page.focus("#q")
    page.keyboard.type("xref15")
    page.wait_for_selector("[role=option]")
    assert page.get_attribute("#q", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#q", "aria-activedescendant")
    assert "XREF15" in page.inner_text(f"#{active}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ting/message/xref15")
    page.goto(server + "/")
    page.focus("#q")
    page.keyboard.type("genop")
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Escape")
    assert page.get_attribute("#q", "aria-expanded") == "false"
    page.context.close()


def test_every_page_can_be_walked_by_tab_with_visible_focus(server: str, browser: Any) -> None:
    page = at(browser, 1280)
    for address in ("/", "/ansvar?law=sul-140", "/graf?ting=message/xref15", "/sparql"):
        page.goto(server + address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", address
        seen = set()
        for _ in range(25):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
            # The button inside a date field has the browser's own ring.
            assert page.evaluate(
                "!document.activeElement.matches(':focus')"
                " || getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            ), (address, seen)
        assert len(seen) > 12, address
    page.context.close()


def test_works_without_scripts(server: str, browser: Any) -> None:
    page = at(browser, 1280, java_script_enabled=False)
    page.goto(server + "/")
    page.fill("#q", "afslutningsnotat")
    page.press("#q", "Enter")
    assert "afslutningsnotat" in page.inner_text("h1")
    page.goto(server + "/indsatser?vis=tabel")
    page.select_option("#f-decision", "Discontinue")
    page.click(".filters button")
    assert "22 indsatser" in page.inner_text("main")
    page.context.close()


def test_sparql_editor_completes_and_answers(server: str, browser: Any) -> None:
    page = at(browser, 1280)
    page.goto(server + "/sparql")
    page.fill("#query", "SELECT (COUNT(*) AS ?n) WHERE { ?a a ag:Initia")
    page.focus("#query")
    page.keyboard.press("End")
    page.keyboard.type("t")
    page.wait_for_selector("#query-forslag [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "ag:Initiative" in page.input_value("#query")
    page.keyboard.type(" }")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-result] table")
    assert "1 rækker" in page.inner_text("[data-result]")
    page.context.close()


def test_pages_print_on_paper(server: str, browser: Any) -> None:
    page = at(browser, 1280)
    for address, landscape in (("/matrix/boern-og-unge", True), ("/ansvar?law=sul-140", False)):
        page.goto(server + address)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('.top')).display") == "none"
        paper = page.pdf(format="A4", landscape=landscape, prefer_css_page_size=True)
        assert paper.startswith(b"%PDF")
        page.emulate_media(media="screen")
    page.context.close()


@pytest.fixture(scope="module")
def walker(browser: Any) -> Any:
    page = at(browser, 1280)
    yield page
    page.context.close()


@pytest.mark.parametrize("way", WALKED, ids=lambda way: way.question)
def test_walk(server: str, walker: Any, way: Way) -> None:
    page = walker
    page.goto(server + "/")
    for step in way.steps:
        match step:
            case Search(words):
                page.fill("#q", words)
                page.click(".hero button")
            case Menu(words):
                page.click(f".menu-wide a:text-is('{words}')")
            case Link(path):
                page.locator(f'main a[href="{path}"]').first.click()
            case Choose(name, value):
                page.select_option(f"#f-{name}", value)
            case Fill(name, value):
                page.fill(f'.filters [name="{name}"]', value)
    if any(isinstance(s, Choose | Fill) for s in way.steps):
        page.click(".filters button")
    assert way.expected.casefold() in seen(page.content()).casefold()
