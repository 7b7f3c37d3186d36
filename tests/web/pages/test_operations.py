"""The pages of operations: progress, results with reasons, and one's own operations found again."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from store.operations import Operation, Result
from tests.web.building import app_of
from tests.web.pages.conftest import Browser, Hall, text
from web import operations
from workers.operating import Operator

SELECTION = "/demandes/selection"
DONE = ("done", None)


def asked(hall: Hall, total: int, agent: str = "zoe") -> Operation:
    """An operation that no worker has touched yet."""
    operation = Operation(uuid4(), agent, "close", total, hall.clock(), "/demandes/en-cours?late=1", b"box")
    assert hall.installation.operations.add(operation, [f"AEN-{number:04d}" for number in range(total)])
    return operation


def worked(hall: Hall, operation: Operation, results: list[tuple[str, str | None]]) -> None:
    """A worker handled as many of its demands."""
    found = hall.installation.operations
    held = found.claim(hall.clock(), timedelta(seconds=1))
    while held is not None and held.id != operation.id:
        held = found.claim(hall.clock(), timedelta(seconds=1))
    assert held is not None
    group = found.group(held, len(results))
    told = [Result(number, name, *result) for (number, name), result in zip(group, results, strict=True)]
    assert found.record(held, told, hall.clock()) is not None


def address(operation: Operation) -> str:
    return f"/operations/{operation.id}"


def test_progress_is_shown_and_asked_again_with_or_without_a_script(fresh_hall: Hall) -> None:
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 500)
    worked(fresh_hall, operation, [DONE] * 37)
    page = zoe.get(address(operation))
    assert page.status_code == 200
    words = text(page)
    assert "Clôture de 500 demandes" in words
    assert "37 sur 500" in words
    assert "Vous pouvez quitter cette page" in words
    assert '<progress max="500" value="37"' in page.text
    assert 'hx-trigger="every 1s"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert 'href="/demandes/en-cours?late=1"' in page.text


def test_an_ended_operation_says_what_was_done_and_why_the_rest_was_not(fresh_hall: Hall) -> None:
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 6)
    reasons = [("status", "CLOTUREE"), ("overtaken", "luc"), ("status", "EN_ATTENTE"), ("unknown", None)]
    worked(fresh_hall, operation, [DONE, DONE, *reasons])
    page = zoe.get(address(operation))
    words = text(page)
    assert "6 sur 6" in words
    assert "2 demandes clôturées, 4 laissées de côté" in words
    for said in ("Déjà clôturée", "Luc Petit a été plus rapide", "réaffectez d’abord", "Introuvable"):
        assert said in words
    assert 'href="/demandes/AEN-0002"' in page.text
    assert 'href="/demandes/AEN-0005"' not in page.text
    assert "hx-trigger" not in page.text
    assert "http-equiv" not in page.text


def test_an_operation_is_called_by_the_number_of_those_not_left_aside(fresh_hall: Hall) -> None:
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 3)
    worked(fresh_hall, operation, [("status", "CLOTUREE"), DONE, DONE])
    refused = asked(fresh_hall, 4)
    worked(fresh_hall, refused, [("unknown", None)] * 4)
    for page in (zoe.get(address(operation)), zoe.get("/operations")):
        assert "Clôture de 2 demandes" in text(page)
        assert "Clôture de 3 demandes" not in text(page)
    for page in (zoe.get(address(refused)), zoe.get("/operations")):
        assert "Clôture de 4 demandes" in text(page)


def test_what_is_known_to_be_left_aside_is_handled_first(fresh_hall: Hall) -> None:
    """The title then tells from the first group on how many were confirmed."""
    hall, zoe = fresh_hall, fresh_hall.browser("zoe")
    references = [hall.taken(), hall.closed(), hall.taken(), hall.taken(), hall.held()]
    fields = {"confirmed": "1", "outcome": "traitee", "decision": "none", "section": "service"}
    zoe.post(SELECTION, action="close", scope="page", references=references, **fields)
    operations_ = hall.installation.operations
    held = operations_.claim(hall.clock(), timedelta(seconds=1))
    assert held is not None
    assert [name for _, name in operations_.group(held, 2)] == [references[1], references[4]]


def test_only_who_asked_sees_an_operation(fresh_hall: Hall) -> None:
    operation = asked(fresh_hall, 2)
    assert fresh_hall.browser("zoe").get(address(operation)).status_code == 200
    for other in ("luc", "hugo"):
        assert fresh_hall.browser(other).get(address(operation)).status_code == 404
    assert fresh_hall.browser("noe").get(address(operation)).status_code == 403
    for unknown in (uuid4(), UUID(int=0), "x", "0" * 32):
        assert fresh_hall.browser("zoe").get(f"/operations/{unknown}").status_code == 404


def test_an_agent_finds_his_last_operations_again(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    assert "encore rien demandé" in text(zoe.get("/operations"))
    ended, running = asked(fresh_hall, 1), asked(fresh_hall, 5)
    worked(fresh_hall, ended, [("status", "CLOTUREE")])
    asked(fresh_hall, 3, agent="luc")
    page = zoe.get("/operations")
    words = text(page)
    assert "0 sur 5" in words
    assert "terminée" in words
    assert address(running) in page.text
    assert "Clôture de 3 demandes" not in words


def test_thousands_left_aside_are_shown_page_after_page(fresh_hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "SHOWN", 2)
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 5)
    worked(fresh_hall, operation, [("unknown", None)] * 5)
    first = zoe.get(address(operation))
    assert "5 demandes laissées de côté" in text(first)
    assert "Introuvable, ou hors de vos services (5)" in text(first)
    assert f"{address(operation)}?apres=1" in first.text
    last = zoe.get(f"{address(operation)}?apres=3")
    assert "AEN-0004" in last.text
    assert "AEN-0003" not in last.text
    for wrong in ("x", "-1", "9" * 30, "²"):
        assert zoe.get(f"{address(operation)}?apres={wrong}").status_code == 200


def turned(agent: Browser, page: str, part: int) -> Iterator[str]:
    """The references of one of a page's two lists, those left aside (0) or done (2), from page to page."""
    further: str | None = page
    while further is not None:
        shown = agent.get(further).text.partition('id="faites"')[part]
        yield from re.findall(r">(AEN-\d{4})<", shown)
        link = re.search('rel="next" href="([^"#]*)', shown)
        further = unescape(link[1]) if link else None


def test_every_demand_of_a_large_operation_is_found_with_its_result(fresh_hall: Hall) -> None:
    """More than a page of those done and more than a page of those left aside for one reason."""
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 1_203)
    worked(fresh_hall, operation, [("unknown", None) if number % 2 else DONE for number in range(1_203)])
    left, done = (list(turned(zoe, address(operation), part)) for part in (0, 2))
    assert left == [f"AEN-{number:04d}" for number in range(1, 1_203, 2)]
    assert done == [f"AEN-{number:04d}" for number in range(0, 1_203, 2)]


def test_both_lists_of_an_operation_are_turned_without_losing_the_others_place(
    fresh_hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "SHOWN", 2)
    zoe, operation = fresh_hall.browser("zoe"), asked(fresh_hall, 10)
    worked(fresh_hall, operation, [("unknown", None) if number % 2 else DONE for number in range(10)])
    page = zoe.get(f"{address(operation)}?apres=3&faites=2").text
    assert re.findall(r">(AEN-\d{4})<", page) == ["AEN-0005", "AEN-0007", "AEN-0004", "AEN-0006"]
    assert f"{address(operation)}?apres=7&amp;faites=2" in page
    assert f"{address(operation)}?apres=3&amp;faites=6" in page
    assert '<details class="work-list" id="faites" open>' in page
    assert f'<a href="{address(operation)}">' in page
    for wrong in ("x", "-1", "9" * 30, "²"):
        assert zoe.get(f"{address(operation)}?faites={wrong}").status_code == 200


def test_from_the_list_to_the_last_demand(fresh_hall: Hall) -> None:
    """Ticked, confirmed, carried out, read again: with a colleague who was faster in between."""
    hall, zoe = fresh_hall, fresh_hall.browser("zoe")
    references = [hall.taken() for _ in range(4)]
    fields = {"confirmed": "1", "outcome": "traitee", "decision": "send"}
    answer = zoe.post(SELECTION, action="close", scope="page", references=references, section="in_progress", **fields)
    with hall.office.demand(references[1], by=hall.agent("luc"), command=hall.command("agent:luc")) as demand:
        demand.close("traitee")
    parts = hall.installation
    operator = Operator(hall.office, parts.operations, parts.keyring, hall.clock)
    while operator.turn():
        pass
    words = text(zoe.get(answer.location))
    assert "3 demandes clôturées, 1 laissée de côté" in words
    assert f"Déjà clôturée (1) {references[1]}" in words
    assert all(hall.demand(reference).status == "CLOTUREE" for reference in references)


def test_who_carries_it_out_is_woken_at_once(fresh_hall: Hall) -> None:
    woken: list[bool] = []
    fresh_hall.app = app_of(fresh_hall.installation, operation_asked=lambda: woken.append(True))
    zoe: Browser = fresh_hall.browser("zoe")
    fields = {"confirmed": "1", "event_type": "appel_usager", "references": fresh_hall.taken()}
    assert zoe.post(SELECTION, action="add_event", scope="page", **fields).status_code == 303
    assert woken == [True]
