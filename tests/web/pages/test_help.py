"""Aide: the seven actions, one illustrated page each, the hotline, the shortcut; open to who cannot log in yet."""

import re
import struct
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest

from domain.townhall import Contact, Settings
from tests.web.pages.conftest import Browser, Hall, text
from web.help import PICTURE_WIDTH, TOPICS, Topic

STATIC = Path("web/static")
HEAVIEST = 120_000
SEVEN = (
    *("Voir les demandes non traitées", "Prendre une demande en compte", "Jalonner la demande d’événements"),
    *("Réattribuer une demande", "Envoyer un courriel à l’usager", "Obtenir les statistiques", "Consulter le journal"),
)
each = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)


def test_the_seven_actions_are_listed_in_the_guide_s_order(hall: Hall) -> None:
    page = hall.app.test_client().get("/aide")
    words = text(page)
    places = [words.index(f"{number}. {title}") for number, title in enumerate(SEVEN, 1)]
    assert places == sorted(places)
    assert all(f'href="/aide/{topic.slug}"' in page.text for topic in TOPICS)
    assert "Créer un raccourci" in words


@each
def test_each_page_has_a_picture_that_is_described(hall: Hall, topic: Topic) -> None:
    client = hall.app.test_client()
    page = client.get(f"/aide/{topic.slug}").text
    found = re.search(r'<img src="(/static/help/[^"]+)" alt="([^"]+)" width="(\d+)" height="(\d+)"', page)
    assert found is not None
    assert (unescape(found[2]), int(found[3]), int(found[4])) == (topic.picture, PICTURE_WIDTH, topic.height)
    assert "?v=" in found[1], "no such file"
    picture = client.get(found[1], buffered=True)
    assert (picture.status_code, picture.content_type) == (200, "image/png")


@each
def test_each_picture_opens_in_its_full_size(hall: Hall, topic: Topic) -> None:
    page = hall.app.test_client().get(f"/aide/{topic.slug}").text
    picture = re.search(r'<img src="(/static/help/[^"]+)"', page)
    assert picture is not None
    assert page.count(f'<a href="{picture[1]}">') == 2
    assert "Voir l’image en grand" in page


@each
def test_each_picture_is_light_and_has_the_size_it_is_shown_at(topic: Topic) -> None:
    """Otherwise the page jumps while it loads: take the pictures again with ``make pictures``."""
    content = (STATIC / "help" / f"{topic.slug}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (PICTURE_WIDTH, topic.height)
    assert len(content) < HEAVIEST


def test_there_is_no_picture_that_no_page_shows() -> None:
    assert {path.stem for path in (STATIC / "help").iterdir()} == {topic.slug for topic in TOPICS}


def test_one_goes_from_the_first_page_to_the_last_and_back(hall: Hall) -> None:
    client = hall.app.test_client()
    for rel, topics in (("next", TOPICS), ("prev", TOPICS[::-1])):
        for here, there in pairwise(topics):
            assert f'rel="{rel}" href="/aide/{there.slug}"' in client.get(f"/aide/{here.slug}").text
        assert f'rel="{rel}"' not in client.get(f"/aide/{topics[-1].slug}").text


def test_the_hotline_is_the_town_s(fresh_hall: Hall) -> None:
    client = fresh_hall.app.test_client()
    assert "adressez-vous à votre administrateur" in text(client.get("/aide"))
    hotline = Contact("1 place Haute\n67000 Bourg", "aide@bourg.example", "03 88 00 00 00", "03 88 00 00 01")
    with fresh_hall.office.directory.change_townhall(fresh_hall.command()) as townhall:
        townhall.change_settings(Settings("Mairie de Bourg", hotline))
    words = text(client.get("/aide"))
    for phrase in ("Téléphone 03 88 00 00 00", "Télécopie 03 88 00 00 01", "aide@bourg.example", "1 place Haute"):
        assert phrase in words


def test_the_shortcut_is_explained_and_has_its_manifest(hall: Hall) -> None:
    client = hall.app.test_client()
    words = text(client.get("/aide/creer-un-raccourci"))
    assert all(browser in words for browser in ("Firefox", "Edge, Chrome", "Sur l’écran d’accueil"))
    manifest = client.get("/manifest.webmanifest").json
    assert manifest is not None
    assert (manifest["short_name"], manifest["start_url"]) == ("Suivi", "/")
    assert all(client.get(icon["src"], buffered=True).status_code == 200 for icon in manifest["icons"])


@each
def test_the_pages_name_the_buttons_as_the_screens_do(hall: Hall, zoe: Browser, topic: Topic) -> None:
    """The bold words of a page that are buttons or links stand on the screens that it tells of."""
    said = set(map(unescape, re.findall(r"<strong>([^<]+)</strong>", zoe.get(f"/aide/{topic.slug}").text)))
    taken = hall.taken()
    screens = "".join(
        zoe.get(address).text
        for address in (
            "/demandes/non-traitees",
            f"/demandes/{hall.received()}",
            f"/demandes/{taken}",
            f"/demandes/{hall.held()}",
            f"/demandes/{hall.taken('luc')}",
            f"/demandes/{taken}/historique",
            f"/demandes/{taken}/courriel/prise-en-compte",
            f"/demandes/{taken}/cloture",
            "/journal",
        )
    ).lower()
    assert {word for word in said if word.lower() not in unescape(screens)} <= {"loupe"}  # an icon


def test_there_is_no_other_page(hall: Hall) -> None:
    assert hall.app.test_client().get("/aide/autre").status_code == 404
