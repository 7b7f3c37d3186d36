"""A demand outside somebody's rights answers on every route as one that does not exist (P12)."""

import re
from collections.abc import Iterator

import pytest

from domain.references import new_reference
from tests.web.pages.conftest import Browser, Hall
from web.access import rules_of

STATES = ("received", "taken", "held", "closed")
COMPLETE = {
    "reason": "avis_attendu",
    "agent": "max",
    "event_type": "appel_usager",
    "comment": "rien",
    "outcome": "traitee",
    "decision": "send",
    "subject": "Votre demande",
    "body": "Bonjour.",
    "action": "close",
    "scope": "page",
    "confirmed": "1",
}
"""Every form filled in: what is refused is not refused for a missing field."""


def routes(hall: Hall, method: str) -> Iterator[str]:
    """The addresses of one demand, with the place of its reference."""
    for rule in hall.app.url_map.iter_rules():
        behind_login = any(found.roles for found in rules_of(hall.app.view_functions[rule.endpoint]).values())
        if "<reference>" in rule.rule and method in (rule.methods or ()) and behind_login:
            yield re.sub(r"<(?!reference>)[^>]*>", "1", rule.rule)


def answers(browser: Browser, method: str, address: str, reference: str) -> tuple[int, str]:
    """The status and the page, without what differs from one answer to the next."""
    address = address.replace("<reference>", reference)
    answer = browser.get(address) if method == "GET" else browser.post(address, **COMPLETE)
    page = re.sub(r'(name="[^"]*" value=)"[^"]*"', r"\1", answer.text)
    return answer.status_code, page.replace(reference, "…")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_demand_is_an_unknown_one_on_every_route(hall: Hall, max_: Browser, method: str) -> None:
    unknown, seen = new_reference("AEN", hall.installation.random_bits), 0
    for state in STATES:
        foreign = getattr(hall, state)()
        facts, views = hall.facts(foreign), hall.installation.access_log.of(foreign)
        for address in routes(hall, method):
            found = answers(max_, method, address, foreign)
            assert found[0] == 404, (address, state)
            assert found == answers(max_, method, address, unknown), (address, state)
            seen += 1
        assert hall.facts(foreign) == facts
        assert hall.installation.access_log.of(foreign) == views
    assert seen >= len(STATES) * 2


@pytest.mark.parametrize("who", ["noe", "ines"])
def test_those_who_do_not_work_on_demands_change_nothing(hall: Hall, who: str) -> None:
    reference, browser = hall.taken(), hall.browser(who)
    before = hall.facts(reference)
    for address in routes(hall, "POST"):
        assert answers(browser, "POST", address, reference)[0] == 403, address
    assert hall.facts(reference) == before


def test_who_oversees_a_service_only_reassigns(hall: Hall, eva: Browser) -> None:
    reference = hall.taken(procedure="AEM")
    before = hall.facts(reference)
    for address in routes(hall, "POST"):
        if not address.endswith("/reattribution"):
            assert answers(eva, "POST", address, reference)[0] in (403, 405), address
    assert hall.facts(reference) == before


def test_a_deactivated_agent_is_out_in_the_middle_of_his_work(fresh_hall: Hall) -> None:
    reference = fresh_hall.taken()
    browser, before = fresh_hall.browser("zoe"), fresh_hall.facts(reference)
    fresh_hall.office.directory.activate_agent(fresh_hall.command("agent:hugo"), "zoe", active=False)
    for method in ("GET", "POST"):
        for address in routes(fresh_hall, method):
            assert answers(browser, method, address, reference)[0] in (303, 401, 400), address
    assert fresh_hall.facts(reference) == before
