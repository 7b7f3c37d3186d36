"""Accueil: what is late first, then what is due soon, then what waits; each number leads to its list."""

import html
import re
from datetime import timedelta

import pytest

from projections.counting import AT_MOST_LATE
from projections.reading import Scope
from tests.web.pages.conftest import Browser, Hall, text
from web.home import late

UNTREATED_LATE, OWN_LATE = "/demandes/non-traitees?late=1&sort=due", "/demandes/en-cours?late=1&sort=due"


def tiles(browser: Browser) -> list[tuple[str, str, str]]:
    """Address, number and words of each tile."""
    found = re.findall(r'<a class="tile[^"]*" href="([^"]+)">(.*?)</a>', browser.get("/").text, re.DOTALL)
    words = [(html.unescape(address), re.sub(r"<[^>]*>", " ", html.unescape(tile)).split()) for address, tile in found]
    return [(address, number, " ".join(rest)) for address, (number, *rest) in words]


def urgent(browser: Browser) -> list[str]:
    return re.findall(r'<a class="reference" href="/demandes/([^"]+)"', browser.get("/").text)


def test_late_demands_stand_before_those_merely_designated(fresh_hall: Hall) -> None:
    mine = fresh_hall.taken()
    fresh_hall.clock.move(days=300)
    designated = fresh_hall.received()
    zoe = fresh_hall.browser("zoe")
    zoe.post(f"/demandes/{designated}/reattribution", agent="zoe")
    assert urgent(zoe) == [mine, designated]
    assert urgent(fresh_hall.browser("luc")) == []


def test_late_demands_that_nobody_took_are_among_the_first(fresh_hall: Hall) -> None:
    nobody_took, mine = fresh_hall.received(), fresh_hall.taken()
    zoe = fresh_hall.browser("zoe")
    assert urgent(zoe) == [mine]
    fresh_hall.clock.move(days=300)
    assert urgent(fresh_hall.browser("zoe")) == [mine, nobody_took]
    assert urgent(fresh_hall.browser("max")) == []


def test_the_late_ones_have_the_first_numbers_and_lead_to_their_lists(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    nobody_took, mine = fresh_hall.received(), fresh_hall.taken()
    assert [tile[:2] for tile in tiles(zoe)][:2] == [(OWN_LATE, "0"), (UNTREATED_LATE, "0")]
    assert "tile-late" not in zoe.get("/").text
    fresh_hall.clock.move(days=300)
    zoe = fresh_hall.browser("zoe")
    assert tiles(zoe)[:2] == [(OWN_LATE, "1", "en cours, en retard"), (UNTREATED_LATE, "1", "non traitée, en retard")]
    assert zoe.get("/").text.count("tile-late") == 2
    assert f'href="/demandes/{nobody_took}"' in zoe.get(UNTREATED_LATE).text
    assert f'href="/demandes/{mine}"' in zoe.get(OWN_LATE).text
    assert [tile[1] for tile in tiles(fresh_hall.browser("max"))][:2] == ["0", "0"]


def test_who_has_nothing_is_led_to_what_nobody_took_in_time(fresh_hall: Hall) -> None:
    reference = fresh_hall.received()
    assert "Voir les demandes non traitées" in text(fresh_hall.browser("zoe").get("/"))
    fresh_hall.clock.move(days=300)
    zoe = fresh_hall.browser("zoe")
    assert urgent(zoe) == [reference]
    assert zoe.get("/").text.count(html.escape(UNTREATED_LATE)) == 1


@pytest.mark.parametrize(
    ("counted", "said"),
    [(0, "0"), (AT_MOST_LATE - 1, "299"), (AT_MOST_LATE, "300 ou plus")],
)
def test_late_ones_beyond_what_is_counted_are_said_to_be_more(counted: int, said: str) -> None:
    assert late(counted) == said


def test_a_demand_due_today_says_from_which_hour_it_is_late(fresh_hall: Hall) -> None:
    reference = fresh_hall.taken("zoe", procedure="AEM")
    mine = Scope("zoe", ("AEM",), (), ())
    (row,) = fresh_hall.installation.lists.urgent(mine, fresh_hall.clock(), timedelta(0), 2)
    assert row.due_at is not None
    addresses = ("/", "/demandes/en-cours", "/demandes/service", f"/demandes/{reference}")
    for hours, shown in ((-24, False), (-0.25, True), (0.25, True), (24, False)):
        fresh_hall.clock.now = row.due_at + timedelta(hours=hours)
        zoe = fresh_hall.browser("zoe")
        for address in addresses:
            page = zoe.get(address).text
            assert ("aujourd’hui à\u00a09\u00a0h\u00a000</time>" in page) is shown, (hours, address)
            assert ("En retard" in page.split("<main")[1].replace("en retard", "")) is (hours > 0), (hours, address)
