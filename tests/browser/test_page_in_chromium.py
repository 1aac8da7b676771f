"""What a person sees and does on the page."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline.contracts.incidents import Explanation, Phrase
from pipeline.contracts.mentions import EntityRef
from tests.browser.conftest import Visitor
from tests.web.story import NORTHWIND, explained, incident, mention, now

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.owned=1</script><img src=x onerror='window.owned=2'><svg onload=window.owned=3>"
    "<a href='javascript:window.owned=4'>x</a><style>body{display:none}</style>\"><iframe src=//evil.test>"
)


def test_the_incident_is_there_with_its_evidence(visitor: Visitor) -> None:
    visitor.open()
    card = visitor.text(".card")
    for words in ("4 severe", "Northwind Air", "161 people answer", "128", "lost luggage", "@mira_w", "wedding dress"):
        assert words in card
    assert "min ago" not in card  # a simulation has a clock of its own
    assert visitor.js("document.querySelectorAll('.card .spark rect.seen').length") > 10
    box = visitor.js("document.querySelector('.card .spark').getBoundingClientRect().toJSON()")
    assert box["width"] > 200
    assert box["height"] > 50
    assert "Simulated demonstration" in visitor.text(".banner")
    assert "restarting" in visitor.text("aside")
    assert visitor.complaints() == []


def test_two_stories_are_seen_side_by_side_and_the_picture_is_drawn(visitor: Visitor) -> None:
    visitor.live.write(explained(now() + timedelta(minutes=1)))
    visitor.open()
    visitor.until("document.querySelectorAll('.card .stories li').length === 2")
    stories = visitor.text(".card .stories")
    assert "2 stories at once" in stories
    for words in ("lost luggage", "62%", "on hold", "24 lately"):
        assert words in stories
    shares = visitor.js("[...document.querySelectorAll('.stories .part')].map(e => e.getBoundingClientRect().width)")
    assert shares[0] > 1.5 * shares[1] > 0
    line = visitor.js("document.querySelector('.card polyline.expected').getBoundingClientRect().toJSON()")
    assert line["width"] > 200
    visitor.js("document.querySelector('.card details').open = true")
    assert "usually against you" in visitor.text(".card")
    address = visitor.js("document.querySelector('.card a[href$=\"picture.svg\"]').href")
    assert visitor.complaints() == []
    visitor.driver.get(address)
    assert visitor.js("document.documentElement.tagName") == "svg"
    assert visitor.js("document.querySelectorAll('rect').length") > 20
    assert visitor.js("document.querySelector('text').getBoundingClientRect().width") > 100
    visitor.driver.get(address.replace(".svg", ".png"))
    assert visitor.js("document.images[0].naturalWidth") == 1_280


def test_real_data_says_how_long_ago_and_has_no_banner(visitor: Visitor) -> None:
    visitor.live.status["source"] = "bluesky"
    visitor.open()
    assert "min ago" in visitor.text(".card")
    assert "Simulated" not in visitor.text()


def test_hostile_text_is_shown_and_not_executed(visitor: Visitor) -> None:
    entity = EntityRef("evil", HOSTILE)
    told = Explanation(HOSTILE, phrases=(Phrase(HOSTILE, 3),), networks={HOSTILE: 3})
    visitor.live.write(
        mention(1, now() + timedelta(minutes=5), HOSTILE, entity=entity, network="evil"),
        incident(now(), incident_id=HOSTILE, entity=entity, explanation=told),
    )
    visitor.open(f"/?q={quote('<img src=x onerror=window.owned=5>')}&incident={quote(HOSTILE)}")
    visitor.open("/")
    visitor.live.write(mention(2, now() + timedelta(minutes=6), HOSTILE + " again", entity=entity))  # by the script too
    visitor.until("document.querySelector('.stream').innerText.includes(' again')")
    assert "<script>window.owned=1</script>" in visitor.text(".stream")
    assert visitor.js("window.owned") is None
    assert visitor.js("document.querySelectorAll('iframe, .stream img, .stream style, [href^=javascript]').length") == 0
    assert visitor.complaints() == []


def test_injected_script_would_be_stopped_by_the_policy_too(visitor: Visitor) -> None:
    visitor.open()
    visitor.js(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.owned = 6';"
        " document.body.append(s);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.owned=7>'); })()"
    )
    visitor.until("document.querySelector('body > img').complete")
    assert visitor.js("window.owned") is None
    assert any("Content Security Policy" in text for text in visitor.complaints())


def test_a_new_incident_and_new_mentions_appear_by_themselves(visitor: Visitor) -> None:
    visitor.open()
    visitor.driver.find_element(By.CSS_SELECTOR, ".card details summary").click()
    visitor.js("window.kept = document.querySelector('.card')")
    other = EntityRef("corvane-bank", "Corvane Bank")
    visitor.live.write(
        incident(now(), incident_id="corvane-bank:surge:9", entity=other, severity=2),
        mention(5, now() + timedelta(minutes=2), "the cash machines of Corvane are down again", entity=other),
    )
    visitor.until("document.querySelectorAll('.cards[data-key=open] > .card').length === 2")
    visitor.until("document.querySelector('.stream').innerText.includes('cash machines')")
    assert visitor.text("#live") == "live · 2 open"
    assert visitor.driver.title == "(2) Groundswell"
    assert visitor.js("window.kept.isConnected && window.kept.querySelector('details').open")  # what was open stays so
    visitor.live.write(incident(now() + timedelta(minutes=1), "resolved"))
    visitor.until("document.querySelectorAll('.cards[data-key=open] > .card').length === 1")


def test_a_search_filters_and_can_be_linked_and_undone(visitor: Visitor) -> None:
    visitor.open()
    field = visitor.driver.find_element(By.NAME, "q")
    field.send_keys("wrong bill" + Keys.ENTER)
    visitor.until("document.querySelector('.found').innerText.includes('found')")
    assert visitor.js(
        "[...document.querySelectorAll('.mention .words')].every(w => w.innerText.includes('wrong bill'))"
    )
    visitor.js("(() => { const s = document.querySelector('[name=entity]'); s.value = 'corvane-bank';"
               " s.dispatchEvent(new Event('change', {bubbles: true})); })()")  # fmt: skip
    visitor.until("location.search.includes('entity=corvane-bank')")
    visitor.until("[...document.querySelectorAll('.mention .entity')].every(e => e.innerText === 'Corvane Bank')")
    address = visitor.js("location.pathname + location.search")
    visitor.driver.back()
    visitor.until("document.querySelector('[name=entity]').value === ''")
    visitor.open(address)
    assert visitor.js("document.querySelector('[name=q]').value") == "wrong bill"
    assert visitor.js("document.querySelector('[name=entity]').value") == "corvane-bank"
    assert visitor.complaints() == []


def test_everything_can_be_reached_by_keyboard_and_focus_is_seen(visitor: Visitor) -> None:
    visitor.open()
    seen = []
    for _ in range(14):
        visitor.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(
            visitor.js(
                "document.activeElement.className || document.activeElement.id || document.activeElement.tagName"
            )
        )
        assert visitor.js("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[0] == "skip"
    assert "theme" in seen
    assert "chip" in seen
    assert "SUMMARY" in seen


def test_the_skip_link_leads_to_the_incidents(visitor: Visitor) -> None:
    visitor.open()
    visitor.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert visitor.js("document.activeElement.id") != "main"
    visitor.driver.switch_to.active_element.send_keys(Keys.ENTER)
    visitor.until("document.activeElement.id === 'main'")
    assert visitor.js("document.activeElement.contains(document.querySelector('.card'))"), "incidents are in it"


def test_focus_survives_a_refresh(visitor: Visitor) -> None:
    visitor.open()
    visitor.js("document.querySelector('.card .chip').focus()")
    visitor.live.write(incident(now() + timedelta(minutes=1), severity=5), mention(7, now(), "one more"))
    visitor.until("document.querySelector('.card .badge').innerText.startsWith('5')")
    assert visitor.js("document.activeElement.className") == "chip"


def test_the_colours_can_be_chosen_and_are_remembered(visitor: Visitor) -> None:
    visitor.open()
    ground = "getComputedStyle(document.body).backgroundColor"
    before = visitor.js(ground)
    visitor.driver.find_element(By.ID, "theme").click()
    chosen = visitor.js(ground)
    assert chosen != before
    visitor.open()
    assert visitor.js(ground) == chosen
    visitor.driver.find_element(By.ID, "theme").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visitor: Visitor, theme: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) for every piece of text on the page."""
    visitor.open()
    visitor.js(f"document.documentElement.dataset.theme = '{theme}'")
    assert visitor.driver.execute_script(_FAINT) == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (820, 1180), (1440, 900), (3840, 2160)])
def test_nothing_is_cut_off_on_a_phone_or_a_wall(visitor: Visitor, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visitor.open()
        assert visitor.js("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert visitor.js("document.querySelector('.card').getBoundingClientRect().top") < height
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_link_from_an_alert_shows_its_incident(visitor: Visitor) -> None:
    visitor.open("/?incident=" + quote("halden-mobile:surge:1", safe=""))
    assert visitor.js("document.querySelector('.wanted').dataset.key") == "halden-mobile:surge:1"
    assert visitor.js("document.activeElement.dataset.key") == "halden-mobile:surge:1"


def test_a_lost_connection_is_said_and_found_again(visitor: Visitor) -> None:
    visitor.open()
    visitor.driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    visitor.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        visitor.until("document.getElementById('live').innerText.startsWith('no connection')")
        assert NORTHWIND.name in visitor.text(".card")  # what is known stays
    finally:
        visitor.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
    visitor.until("document.getElementById('live').dataset.state === 'on'")


_FAINT = """
const parse = (c) => { const v = c.match(/[\\d.]+/g).map(Number); return {r: v[0], g: v[1], b: v[2], a: v[3] ?? 1}; };
const light = ({r, g, b}) => {
  const f = (x) => { x /= 255; return x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; };
  return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.a === 1) return c; } return {r: 255, g: 255, b: 255}; };
const faint = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.nodeValue.trim() || !e.checkVisibility() || e.closest('svg')) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  const words = walk.currentNode.nodeValue.trim().slice(0, 30);
  if (ratio < 4.5) faint.push(`${e.tagName}.${e.className}: ${words} ${ratio.toFixed(2)}`);
}
return [...new Set(faint)];
"""
