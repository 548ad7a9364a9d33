"""Pages in headless Chromium: nothing is loaded, nothing complains, formulas are typeset, narrow screens suffice."""

import json
import os
import shutil
import subprocess
from itertools import count
from select import select

import pytest

from temperance.claims.page import verification_page
from temperance.show.page import derivation_page
from temperance.theory.interactions.interactions import derive
from temperance.theory.symmetries.derivation import derivation

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or os.name != "posix", reason="Chromium is not installed"),
]

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-pipe"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECONDS = 60  # to wait for an answer
PHONE, DESK = 360, 1200


class Browser:
    """The protocol of the developer tools over the two pipes that Chromium takes as its descriptors 3 and 4."""

    def __init__(self, profile):
        reading, self.commands = os.pipe()
        self.answers, writing = os.pipe()
        wiring = f"exec {' '.join((CHROMIUM, *OPTIONS))} --user-data-dir={profile} 3<&{reading} 4>&{writing}"
        self.process = subprocess.Popen(
            ["bash", "-c", wiring], pass_fds=(reading, writing), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(reading)
        os.close(writing)
        self.numbers, self.rest, self.events, self.session = count(1), b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            found = self.receive()
            if found.get("id") == number:
                assert "error" not in found, found
                return found["result"]

    def receive(self):
        while b"\0" not in self.rest:
            ready, _, _ = select([self.answers], [], [], SECONDS)
            assert ready, "Chromium does not answer"
            part = os.read(self.answers, 2**20)
            assert part, "Chromium has ended"
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        found = json.loads(text)
        if "method" in found:
            self.events.append(found)
        return found

    def open(self, path, width=DESK, scheme="light"):
        """Load a file, and return the events until it is loaded."""
        self.events.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.receive()
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        return list(self.events)

    def run(self, script):
        """The value of a script."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def close(self):
        os.close(self.commands)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.answers)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pages(report, tmp_path_factory):
    """A verification with a study, contact orders and certificates, and two derivations."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "verification": verification_page(report),
        "linear": derivation_page(derivation(derive("linear", order=2))),
        "gelu": derivation_page(derivation(derive("activation", activation="gelu", dim=2, order=2))),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


NAMES = ["verification", "linear", "gelu"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_nothing_and_nothing_complains(browser, pages, name):
    events = browser.open(pages[name])
    requested = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in requested if not url.startswith("data:")] == [pages[name].as_uri()]
    complaints = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    assert [e for e in events if e["method"] in complaints] == []


def test_a_complaint_and_a_request_would_be_seen(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<!DOCTYPE html><img src='missing.png'><script>console.error('no'); nothing()</script>")
    methods = [event["method"] for event in browser.open(page)]
    assert methods.count("Network.requestWillBeSent") == 2
    assert {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"} <= set(methods)


FORMULAS = """[...document.querySelectorAll("math")].map(m => {
  for (let e = m; e; e = e.parentElement) if (e.tagName == "DETAILS") e.open = true;
  const box = m.getBoundingClientRect();
  return [getComputedStyle(m).display, box.width > 3 && box.height > 3, m.querySelectorAll("merror").length];
})"""
FRACTIONS = """[...document.querySelectorAll("mfrac")].map(f => {
  const [up, down] = [...f.children].map(c => c.getBoundingClientRect());
  return up.bottom <= down.top + 1 && up.height > 0;
})"""


@pytest.mark.parametrize("name", NAMES)
def test_formulas_are_typeset(browser, pages, name):
    browser.open(pages[name])
    found = browser.run(FORMULAS)
    assert len(found) > 5
    assert {display for display, *_ in found} <= {"math", "block math"}
    assert all(visible and not errors for _, visible, errors in found)
    fractions = browser.run(FRACTIONS)
    assert fractions
    assert all(fractions)


OVERFLOW = """(() => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  const wide = document.documentElement.clientWidth;
  const inside = e => e.closest(".scroll, .formula, pre, .skip, svg");
  return [document.documentElement.scrollWidth - wide, [...document.querySelectorAll("main *, header *")]
    .filter(e => !inside(e) && e.getBoundingClientRect().right > wide + 1).map(e => e.outerHTML.slice(0, 120))];
})()"""


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_everything_without_scrolling_sideways(browser, pages, name):
    browser.open(pages[name], width=PHONE)
    assert browser.run(OVERFLOW) == [0, []]


def test_captions_are_read_on_a_phone_without_scrolling(browser, pages):
    browser.open(pages["verification"], width=PHONE)
    script = """[...document.querySelectorAll("caption")].map(caption => {
      const range = document.createRange();
      range.selectNodeContents(caption);
      return range.getBoundingClientRect().right <= document.documentElement.clientWidth;
    })"""
    assert set(browser.run(script)) == {True}


COLOURS = """["background-color", "color"].map(p => getComputedStyle(document.body).getPropertyValue(p))
  .map(c => c.match(/[0-9]+/g).slice(0, 3).reduce((s, v) => s + Number(v), 0))"""


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_light_and_a_dark_form(browser, pages, name):
    for scheme, brighter in (("light", 0), ("dark", 1)):
        browser.open(pages[name], scheme=scheme)
        colours = browser.run(COLOURS)
        assert colours[brighter] > 600 > 200 > colours[1 - brighter]
        strokes = browser.run('[...document.querySelectorAll(".line")].map(e => getComputedStyle(e).stroke)')
        assert all(stroke.startswith("rgb") for stroke in strokes)


LINES = """[...document.querySelectorAll("td.number")].map(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(box => box.top)).size;
})"""


def test_intervals_stay_on_one_line(browser, pages):
    browser.open(pages["verification"], width=PHONE)
    assert set(browser.run(LINES)) == {1}


def test_plots_have_a_size_and_their_labels_do_not_overlap(browser, pages):
    browser.open(pages["verification"])
    script = """(() => {
      document.querySelectorAll("details").forEach(d => d.open = true);
      return [...document.querySelectorAll("figure > svg")].map(svg => {
        const boxes = [...svg.querySelectorAll("text")].map(t => t.getBoundingClientRect());
        let hits = 0;
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
          if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) hits++;
        }));
        return [svg.getBoundingClientRect().width > 250, hits];
      });
    })()"""
    found = browser.run(script)
    assert found
    assert found == [[True, 0]] * len(found)


def test_the_keyboard_reaches_the_contents_first(browser, pages):
    browser.open(pages["verification"])
    for kind in ("rawKeyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0")
    regions = browser.run('[...document.querySelectorAll(".scroll, .formula, pre")].map(e => e.tabIndex)')
    assert set(regions) == {0}
