"""The bar and the foot are written once for one agent; his numbers and his token are those of the moment."""

import re

from domain.rights import Rights, Role
from domain.townhall import Contact, Settings
from tests.web.pages.conftest import CIVIL, Browser, Hall

TOKENS = re.compile(r'name="csrf_token" value="([^"]+)"')


def bar(page: str) -> str:
    return page[page.index('<header class="bar">') : page.index("</header>")]


def untreated(page: str) -> int:
    found = re.search(r'data-count="/demandes/non-traitees">(\d+)<', page)
    assert found is not None
    return int(found[1])


def test_two_browsers_of_one_agent_have_tokens_of_their_own(fresh_hall: Hall) -> None:
    pages = [fresh_hall.browser("zoe").get("/aide").text for _ in "ab"]
    first, second = (set(TOKENS.findall(bar(page))) for page in pages)
    assert len(first) == len(second) == 1
    assert first != second


def test_the_token_of_the_bar_logs_out(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    (token,) = set(TOKENS.findall(bar(zoe.get("/aide").text)))
    zoe.get("/demandes/en-cours")
    assert zoe.post("/deconnexion", csrf_token=token).status_code == 303
    assert zoe.get("/").status_code == 303


def test_numbers_follow_what_happens(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    before = untreated(bar(zoe.get("/aide").text))
    fresh_hall.received()
    assert untreated(bar(zoe.get("/aide").text)) == before + 1


def test_agents_with_the_same_rights_see_their_own_names(fresh_hall: Hall) -> None:
    seen = {code: bar(fresh_hall.browser(code).get("/aide").text) for code in ("zoe", "luc")}
    assert ("Zoé Martin" in seen["zoe"], "Luc Petit" in seen["zoe"]) == (True, False)
    assert ("Zoé Martin" in seen["luc"], "Luc Petit" in seen["luc"]) == (False, True)


def test_a_name_is_text(fresh_hall: Hall) -> None:
    rights = Rights(frozenset({Role.AGENT}), frozenset({CIVIL}))
    fresh_hall.office.directory.register_agent(fresh_hall.command(), "eve", '<b title="x">Ève', rights)
    assert "&lt;b title=&#34;x&#34;&gt;Ève" in bar(fresh_hall.browser("eve").get("/").text)


def test_the_search_box_promises_only_what_it_finds(fresh_hall: Hall) -> None:
    for code, finds_names in (("zoe", True), ("hugo", True), ("ines", False)):
        box = bar(fresh_hall.browser(code).get("/journal").text).partition('role="search"')[2].partition("</form>")[0]
        assert ("nom" in box, "téléphone" in box, "éférence" in box) == (finds_names, finds_names, True), code


def test_the_page_shown_is_marked_and_no_other(zoe: Browser) -> None:
    marked = re.compile(r'<a(?: class="who")? href="([^"]+)"[^>]* aria-current="page"')
    for address in ("/", "/demandes/en-cours", "/demandes/service", "/journal", "/aide", "/compte"):
        assert marked.findall(bar(zoe.get(address).text)) == [address]


def test_a_new_hotline_stands_below_the_next_page(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    zoe.get("/aide")
    settings = Settings(name="Mairie d’Ailleurs", hotline=Contact(phone="03 88 00 00 00", email="aide@mairie.example"))
    with fresh_hall.office.directory.change_townhall(fresh_hall.command()) as townhall:
        townhall.change_settings(settings)
    foot = zoe.get("/aide").text.split('<footer class="foot">')[1]
    assert "Mairie d’Ailleurs" in foot
    assert 'href="tel:0388000000"' in foot
    assert 'href="mailto:aide@mairie.example"' in foot


def test_no_mark_is_left_on_a_page(fresh_hall: Hall) -> None:
    for code in ("zoe", "hugo", "ines", "noe"):
        browser = fresh_hall.browser(code)
        assert [a for a in ("/", "/journal", "/aide", "/nulle-part") if "\0" in browser.get(a).text] == []
    assert "\0" not in fresh_hall.app.test_client().get("/connexion").text


def test_the_reference_looked_for_in_the_journal_comes_back_as_text(ines: Browser, hall: Hall) -> None:
    noe = hall.browser("noe")
    assert 'value="&#34;&lt;i&gt;"' in bar(noe.get("/journal?reference=%22%3Ci%3E").text)
    assert 'name="q"' in bar(ines.get("/journal").text)
