"""The printable sheet: content and history on one page, access noted, nothing more than its reader may see."""

import re
from pathlib import Path

from domain.applicant import Applicant
from domain.townhall import Settings
from tests.web.pages.conftest import MARIE, Browser, Hall, text


def address(reference: str) -> str:
    return f"/demandes/{reference}/fiche"


def printed_rules(name: str) -> str:
    return (Path("web/static") / name).read_text("utf-8").split("@media print")[1]


def test_content_and_history_stand_on_one_page(hall: Hall, zoe: Browser) -> None:
    reference = hall.held(detail="Le préfet hésite")
    assert f'href="{address(reference)}"' in zoe.get(f"/demandes/{reference}").text
    page = zoe.get(address(reference))
    words = text(page)
    assert page.status_code == 200
    for phrase in ("N’Guyen-Œuvrard", "12 rue des Lilas", "Le préfet hésite", "est enregistrée", "Zoé Martin"):
        assert phrase in words
    assert words.index("Demande reçue") < words.index("a mis la demande en attente")
    assert "Fiche établie le 01/03/2027 09:00 par Zoé Martin." in words
    assert "détruisez-le à la clôture" in words
    assert re.search(r'href="/static/sheet\.css', page.text)
    main = page.text.split("<main", 1)[1]
    assert not re.search(r"<form|\sstyle=|\son[a-z]+=", main)


def test_every_printed_page_says_whose_and_of_what_demand_it_is(fresh_hall: Hall) -> None:
    with fresh_hall.office.directory.change_townhall(fresh_hall.command()) as townhall:
        townhall.change_settings(Settings('Mairie de "Bourg"; } * { \\'))
    reference, zoe = fresh_hall.received(), fresh_hall.browser("zoe")
    margins = f"/demandes/{reference}/fiche.css"
    assert f'<link rel="stylesheet" media="print" href="{margins}">' in zoe.get(address(reference)).text
    answer = zoe.get(margins)
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    said = re.fullmatch(r'@page { @bottom-left { content: "([^"]*)"; } }\n', answer.text)
    assert said is not None
    assert re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), said[1]) == (
        f'Mairie de "Bourg"; }} * {{ \\ · {reference}'
    )
    assert fresh_hall.installation.access_log.of(reference)[0].page == "sheet"
    assert len(fresh_hall.installation.access_log.of(reference)) == 1
    assert fresh_hall.browser("max").get(margins).status_code == 404


def test_what_goes_on_paper_has_page_numbers_and_no_ages(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(address(hall.taken())).text
    rules = printed_rules("sheet.css")
    assert "counter(page)" in rules
    assert "counter(pages)" in rules
    assert re.search(r"\.paper \.age {[^}]*display: none", rules)
    assert re.search(r"\.step-whole {[^}]*break-inside: avoid", rules)
    assert 'class="age"' in page.split('class="paper')[1]


def test_a_short_letter_stays_on_one_page(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    for lines in (40, 41):
        body = "\n".join(f"Ligne {number}" for number in range(lines))
        zoe.post(f"/demandes/{reference}/courriel/contact", decision="send", subject=f"{lines} lignes", body=body)
    steps = zoe.get(address(reference)).text.split("<li")
    whole = {lines: next(step for step in steps if f"{lines} lignes" in step) for lines in (40, 41)}
    assert [whole[lines].startswith(' class="step-whole"') for lines in (40, 41)] == [True, False]


def test_messages_are_told_once_and_never_printed(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    for _ in range(2):
        zoe.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    page = zoe.get(address(reference)).text
    assert page.count('role="status"') == 2
    assert 'role="status"' not in zoe.get(address(reference)).text
    assert re.search(r"\.notice\b[^{}]*{ display: none !important", printed_rules("suivi.css"))


def test_reading_it_is_noted(hall: Hall, zoe: Browser, ines: Browser) -> None:
    reference = hall.received()
    zoe.get(address(reference))
    ines.get(address(reference))
    assert [(row.agent, row.page) for row in hall.installation.access_log.of(reference)] == [("zoe", "sheet")]


def test_after_closure_it_holds_what_remains(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(address(hall.closed()))
    assert page.status_code == 200
    for gone in (MARIE.last_name, MARIE.first_name, "marie.helene", "main propre", "détruisez-le"):
        assert gone not in page.text
    assert "Données personnelles effacées le 01/03/2027" in text(page)
    assert "Zoé Martin a clôturé la demande" in text(page)


def test_who_may_not_read_sees_that_it_is_sealed(hall: Hall, ines: Browser, eva: Browser) -> None:
    for browser, reference in ((ines, hall.held(detail="Secret")), (eva, hall.received("CAN"))):
        page = browser.get(address(reference))
        assert page.status_code == 200
        assert "Contenu scellé" in text(page)
        assert MARIE.first_name not in page.text
        assert "Secret" not in page.text


def test_strangers_and_loose_references(hall: Hall, max_: Browser, zoe: Browser) -> None:
    reference = hall.received()
    assert max_.get(address(reference)).status_code == 404
    answer = zoe.get(address(reference.lower().replace("-", "")))
    assert (answer.status_code, answer.location) == (303, address(reference))


def test_markup_from_a_citizen_stays_text(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(address(hall.received(applicant=Applicant("<script>alert(1)</script>", "\"'><img src=x>")))).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
