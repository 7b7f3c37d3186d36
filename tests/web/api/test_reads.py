"""What programs read: complete, in order, in pages, and never anything of a citizen."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.definition import read_definition
from tests.web.api.conftest import CalledTown
from web.problems import PROBLEM_TYPE

FIELDS = {
    "reference",
    "status",
    "procedure",
    "service",
    "agent",
    "channel",
    "submitted_at",
    "taken_at",
    "due_at",
    "closed_at",
}
PERSONAL = ("Dupr", "Zoé D", "exemple.fr", "06 12", "3 rue du Puits", "67000", "Strasbourg", "livret", "Envoyé à")


@pytest.fixture(scope="module")
def lived(town: CalledTown) -> str:
    return town.lived()


def items(town: CalledTown, path: str, **query: Any) -> list[dict[str, Any]]:
    response = town.get(path, **query)
    assert response.status_code == 200, response.text
    assert response.json is not None
    found: list[dict[str, Any]] = response.json["items"]
    return found


def test_a_finished_demand_is_read_with_its_dates(town: CalledTown, lived: str) -> None:
    response = town.get(f"/demands/{lived}")
    assert response.json is not None
    assert response.json.keys() == FIELDS | {"version"}
    assert (response.json["status"], response.json["agent"], response.json["due_at"]) == ("CLOTUREE", "zoe", None)
    assert all(datetime.fromisoformat(response.json[name]).tzinfo for name in ("submitted_at", "taken_at", "closed_at"))
    assert response.json["version"] == len(items(town, f"/demands/{lived}/history"))


def test_a_reference_is_read_as_people_type_it(town: CalledTown, lived: str) -> None:
    assert town.get(f"/demands/{lived.lower().replace('-', '')}").status_code == 200


def test_the_history_tells_every_fact_without_what_is_sealed(town: CalledTown, lived: str) -> None:
    history = items(town, f"/demands/{lived}/history")
    by_kind = {fact["kind"]: fact for fact in history}
    assert [fact["version"] for fact in history] == list(range(1, len(history) + 1))
    assert all(fact.keys() == {"version", "kind", "at", "actor", "agent", "data"} for fact in history)
    assert by_kind["Submitted"]["data"] == {
        "procedure": "AEN", "service": "État civil", "channel": "internet", "has_email": True,
    }  # fmt: skip
    assert (by_kind["Submitted"]["actor"], by_kind["Submitted"]["agent"]) == ("api:program-intake", None)
    assert (by_kind["TakenInCharge"]["actor"], by_kind["TakenInCharge"]["agent"]) == ("agent:zoe", "zoe")
    assert by_kind["PutOnHold"]["data"] == {"reason": "piece_demandee"}
    assert by_kind["Closed"]["data"] == {"outcome": "traitee"}
    assert by_kind["PersonalDataErased"]["data"].keys() == {"reason", "categories"}
    assert by_kind["MailRequested"]["data"].keys() == {"kind", "mail_id", "why"}


@pytest.mark.parametrize("scope", ["read", "audit"])
def test_nothing_personal_is_in_any_answer(town: CalledTown, lived: str, scope: str) -> None:
    open_one = town.received()
    for path in ("/demands", f"/demands/{lived}", f"/demands/{lived}/history", f"/demands/{open_one}",
                 f"/demands/{open_one}/history", "/journal", "/statistics", "/procedures"):  # fmt: skip
        response = town.get(path, scope=scope)
        assert response.status_code == 200, path
        assert not [word for word in PERSONAL if word in response.text and path != "/procedures"]


def test_the_list_and_the_single_demand_say_the_same(town: CalledTown, lived: str) -> None:
    town.received()
    for item in items(town, "/demands"):
        one = town.get(f"/demands/{item['reference']}").json
        assert one is not None
        del one["version"]
        assert one == item


def test_the_list_is_read_in_pages_without_gap_or_repetition(town: CalledTown) -> None:
    for _ in range(5):
        town.received("SIG")
    whole = [item["reference"] for item in items(town, "/demands", limit=500)]
    read: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = town.get("/demands", limit=2, cursor=cursor).json
        assert page is not None
        assert len(page["items"]) <= 2
        read, cursor = read + [item["reference"] for item in page["items"]], page["next"]
    assert read == whole


def test_criteria_narrow_the_list(town: CalledTown, lived: str) -> None:
    waiting = town.received("CAN", channel="phone")
    assert lived in [item["reference"] for item in items(town, "/demands", status="CLOTUREE", agent="zoe", limit=500)]
    assert {item["status"] for item in items(town, "/demands", status="NON_TRAITEE")} == {"NON_TRAITEE"}
    assert [item["reference"] for item in items(town, "/demands", procedure="CAN")] == [waiting]
    service = town.office.directory.definition("CAN").service
    assert waiting in [item["reference"] for item in items(town, "/demands", service=service)]
    assert items(town, "/demands", procedure="NONE-SUCH") == []
    assert all(item["due_at"] < town.clock().isoformat() for item in items(town, "/demands", late="true", limit=500))
    assert items(town, "/demands", status="", procedure="", late="") == items(town, "/demands")


def test_days_are_inclusive_and_local_to_the_town(town: CalledTown) -> None:
    before, town.clock.now = town.clock.now, datetime.fromisoformat("2027-03-27T22:59:58+00:00")
    last_of_saturday = town.received("SIG")  # 23:59:59 in Paris
    town.clock.now = datetime.fromisoformat("2027-03-28T21:59:58+00:00")
    last_of_sunday = town.received("SIG")  # 23:59:59, on the day the clocks change
    first_of_monday = town.received("SIG")
    town.clock.now = max(before, town.clock.now)
    sunday = [i["reference"] for i in items(town, "/demands", received_from="2027-03-28", received_to="2027-03-28")]
    assert sunday == [last_of_sunday]
    saturday = [i["reference"] for i in items(town, "/demands", received_from="2027-03-27", received_to="2027-03-27")]
    assert saturday == [last_of_saturday]
    assert first_of_monday in [i["reference"] for i in items(town, "/demands", received_from="2027-03-29")]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/demands", {"limit": 0}, "limit"),
        ("/demands", {"limit": 501}, "limit"),
        ("/demands", {"limit": "dix"}, "limit"),
        ("/demands", {"limit": "9" * 5000}, "limit"),
        ("/demands", {"status": "FERMEE"}, "status"),
        ("/demands", {"procedure": "aen"}, "procedure"),
        ("/demands", {"agent": "x" * 41}, "agent"),
        ("/demands", {"received_from": "2027-02-30"}, "received_from"),
        ("/demands", {"received_to": "0001-01-01"}, "received_to"),
        ("/demands", {"received_to": "9999-12-31"}, "received_to"),
        ("/demands", {"late": "peut-être"}, "late"),
        ("/demands", {"cursor": "x" * 301}, "cursor"),
        ("/journal", {"closed_from": "hier"}, "closed_from"),
        ("/journal", {"closed_from": "2027-03-02", "closed_to": "2027-03-01"}, "closed_from"),
        ("/journal", {"limit": -1}, "limit"),
        ("/statistics", {"by": "applicant"}, "by"),
        ("/statistics", {"from": "2027-03-02", "to": "2027-03-01"}, "from"),
        ("/statistics", {"from": "1900-01-01", "to": "2999-12-31", "by": "day"}, "from"),
        ("/statistics", {"from": "2999-01-01"}, "from"),
        ("/statistics", {"from": "1990-01-01", "to": "2027-03-01", "by": "day"}, "by"),
        ("/demands", {"statut": "EN_ATTENTE"}, "statut"),
        ("/journal", {"received_from": "2027-03-01"}, "received_from"),
        ("/statistics", {"limit": "5"}, "limit"),
    ],
)
def test_unusable_criteria_are_refused_by_name(town: CalledTown, path: str, query: dict[str, Any], field: str) -> None:
    response = town.get(path, **query)
    assert (response.status_code, response.mimetype) == (422, PROBLEM_TYPE)
    assert response.json is not None
    assert [*response.json["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("/demands", {"late": "maybe"}, "« true » ou « false »."),
        ("/demands", {"received_from": "3000-01-01"}, "Une date entre 1900 et 2999."),
        ("/demands", {"received_from": "01/03/2027"}, "Une date du calendrier, écrite AAAA-MM-JJ."),
        ("/statistics", {"till": "2027-03-01"}, "Critère inconnu ; ceux d’ici sont : by, from, to."),
        (
            "/statistics",
            {"from": "1990-01-01", "to": "2027-03-01", "by": "day"},
            "Plus de 4000 lignes : raccourcissez la période, ou demandez-la par mois ou par année.",
        ),
    ],
)
def test_a_refusal_says_what_would_do(town: CalledTown, path: str, query: dict[str, Any], message: str) -> None:
    response = town.get(path, **query)
    assert response.json is not None
    assert list(response.json["errors"].values()) == [[message]]


@pytest.mark.parametrize("cursor", ["abc", "é", "WyJhIl0", "bnVsbA", "e30", "WyJhcnJpdmFsIiwwLDFlOTl9"])
@pytest.mark.parametrize("path", ["/demands", "/journal"])
def test_an_unusable_cursor_is_a_bad_request(town: CalledTown, path: str, cursor: str) -> None:
    response = town.get(path, cursor=cursor)
    assert (response.status_code, response.mimetype) == (400, PROBLEM_TYPE)


def test_a_cursor_of_one_list_does_not_open_the_other(town: CalledTown) -> None:
    town.received()
    town.received()
    page = town.get("/demands", limit=1).json
    assert page is not None
    assert page["next"] is not None
    assert town.get("/journal", cursor=page["next"]).status_code == 400


def test_the_journal_tells_who_treated_what(town: CalledTown, lived: str) -> None:
    (row,) = [item for item in items(town, "/journal", agent="zoe", limit=500) if item["reference"] == lived]
    assert row.keys() == {
        "reference", "procedure", "service", "status", "outcome", "channel", "submitted_at", "taken_at", "closed_at",
        "agents", "milestones",
    }  # fmt: skip
    assert (row["outcome"], row["agents"]) == ("traitee", [{"code": "zoe", "name": "Zoe"}])
    assert {"kind": "TakenInCharge", "at": row["taken_at"], "agent": "zoe"} in row["milestones"]
    closed_on = datetime.fromisoformat(row["closed_at"]).date()
    assert lived in [i["reference"] for i in items(town, "/journal", closed_from=closed_on, closed_to=closed_on)]
    assert items(town, "/journal", closed_from=closed_on + timedelta(400)) == []


def test_the_statistics_are_the_documented_figures(town: CalledTown, lived: str) -> None:
    figures = town.get("/statistics", by="procedure").json
    assert figures is not None
    assert figures.keys() == {"from", "to", "by", "totals", "rows"}
    row = {row["key"]: row for row in figures["rows"]}["AEN"]
    assert row.keys() == {
        "key", "received", "taken", "closed", "deleted", "open", "reminders", "in_time", "with_delay", "to_take",
        "to_close",
    }  # fmt: skip
    assert (row["closed"], row["to_close"].keys()) == (1, {"count", "median_s", "p90_s", "mean_s"})


def test_the_procedures_are_described_as_import_reads_them(town: CalledTown) -> None:
    procedures = items(town, "/procedures")
    assert len(procedures) == 15
    for procedure in procedures:
        version = procedure.pop("version")
        definition = read_definition(procedure)
        current = town.office.directory.procedure(procedure["code"])
        assert (version, definition.fields) == (1, current.definition.fields)
        assert all({"name", "label", "type", "required"} <= field.keys() for field in procedure["fields"])


def test_an_event_in_the_journal_says_of_which_type_it_is(town: CalledTown) -> None:
    reference = town.received()
    for action, *arguments in (("take_in_charge",), ("add_event", "appel_usager", None), ("close", "traitee", None)):
        town.act(reference, town.zoe, action, *arguments)
    (row,) = [item for item in items(town, "/journal", limit=500) if item["reference"] == reference]
    told = {step["kind"]: step for step in row["milestones"]}
    assert told["EventAdded"].keys() == {"kind", "at", "agent", "event_type"}
    assert told["EventAdded"]["event_type"] == "appel_usager"
    assert told["TakenInCharge"].keys() == {"kind", "at", "agent"}
