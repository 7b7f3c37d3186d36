"""The printable sheet: content and history on one page, access noted, nothing more than its reader may see."""

import re

from domain.applicant import Applicant
from tests.web.pages.conftest import MARIE, Browser, Hall, text


def address(reference: str) -> str:
    return f"/demandes/{reference}/fiche"


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
