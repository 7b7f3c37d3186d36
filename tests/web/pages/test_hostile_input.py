"""Whatever is typed into an address or a form, no page breaks: an answer in French, never a 5xx (P11)."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.web.pages.conftest import Browser, Hall
from web.access import rules_of

VALUES = [
    *("", " ", "0", "-1", "1e400", "NaN", "2" * 30, "1" * 10_000, "%", "_", "*", "'", '"', "\\", "a\0b", "\r\nX: y"),
    *(
        "é" * 300,
        "😀",
        "\u202e",
        "2026-02-30",
        "0000-00-00",
        "9999-12-31",
        "10000-01-01",
        "true",
        "[]",
        "{}",
        "../../etc",
    ),
]
RAW = ["%00", "%ff%fe", "%ed%a0%80", "%", "%%", "%zz", "+", "%E2%80", "a" * 10_000]
"""As they may stand in an address, some of them no text at all."""
NAMES = [
    *("endpoint", "_scheme", "_method", "_anchor", "_external", "values", "name", "template", "request"),
    *("reference", "procedure", "service", "status", "agent", "received_from", "received_to", "late", "sort", "size"),
    *(
        "cursor",
        "cherche",
        "from",
        "to",
        "by",
        "period",
        "closed_from",
        "closed_to",
        "event_type",
        "archives",
        "action",
    ),
    *("applicant", "q", "section", "next", "state", "kind", "format", "start", "expected", "scope", "references"),
    *("subject", "body", "decision", "outcome", "comment", "reason", "detail", "note", "version", "command_id"),
]


def addresses(hall: Hall, method: str, reference: str) -> Iterator[str]:
    """Every page, with a demand, a procedure or an operation where it wants one."""
    for rule in hall.app.url_map.iter_rules():
        rules = rules_of(hall.app.view_functions[rule.endpoint])
        if method in (rule.methods or ()) and not any(found.scopes for found in rules.values()):
            address = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", rule.rule).replace("<reference>", reference)
            if not address.startswith(("/static", "/deconnexion")):
                yield re.sub(r"<[^>]*>", "1", address)


@pytest.fixture(params=["zoe", "hugo", "chef"])
def somebody(hall: Hall, request: pytest.FixtureRequest) -> Browser:
    """An agent, a head of service, an administrator."""
    if request.param == "chef" and "chef" not in hall.installation.people.agents():
        from domain.rights import Rights, Role  # noqa: PLC0415 — only here

        hall.office.directory.register_agent(hall.command(), "chef", "Ada Chef", Rights(frozenset({Role.ADMIN})))
    return hall.browser(request.param)


def status(browser: Browser, address: str) -> int:
    """The status of a page that was read to its end."""
    answer = browser.get(address)
    answer.get_data()
    return answer.status_code


def test_no_address_breaks_a_page(hall: Hall, somebody: Browser) -> None:
    reference = hall.taken()
    for address in addresses(hall, "GET", reference):
        for place, name in enumerate(NAMES):
            value = VALUES[place % len(VALUES)]
            assert status(somebody, f"{address}?{name}={quote(value)}") < 500, (address, name, value)
        for place, raw in enumerate(RAW):
            assert status(somebody, f"{address}?{NAMES[10 + place]}={raw}&{raw}=1") < 500, (address, raw)
        everything = "&".join(f"{name}={quote(VALUES[-place % len(VALUES)])}" for place, name in enumerate(NAMES))
        assert status(somebody, f"{address}?{everything}&{everything}") < 500, address


def test_no_form_breaks_a_page(hall: Hall, somebody: Browser) -> None:
    reference = hall.taken()
    for address in addresses(hall, "POST", reference):
        for value in VALUES:
            found = somebody.post(address, **dict.fromkeys(NAMES, value))
            assert found.status_code < 500, (address, value)


@pytest.mark.parametrize("value", VALUES)
def test_no_criterion_breaks_a_list(hall: Hall, zoe: Browser, value: str) -> None:
    names = ["reference", "procedure", "status", "agent", "received_from", "received_to"]
    names += ["late", "sort", "size", "cursor"]
    for section in ("non-traitees", "en-cours", "en-attente", "service"):
        for name in [*names, "cherche"]:
            assert zoe.get(f"/demandes/{section}?{name}={quote(value)}").status_code in (200, 400, 422)
        for name in [*names, "applicant"]:
            assert zoe.post(f"/demandes/{section}", **{name: value}).status_code in (303, 400, 422)
