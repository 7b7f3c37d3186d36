"""One fact of every topic version ever stored, as today's code reads it; ``golden/`` keeps the bytes of each.

A new topic: add its example below, run ``python -m tests.store.examples`` from the top folder, which writes the
missing file and never touches another, read the file, and commit both. A topic that was ever stored stays here.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.agent import Agent
from domain.definition import Choice, Condition, Definition, FieldType, Question
from domain.demand import Demand
from domain.facts import Fact
from domain.letters import Silence, Template
from domain.procedure import Procedure
from domain.sealing import Sealed
from domain.townhall import Contact, Settings, Term, Townhall
from store.mapper import FactMapper

GOLDEN = Path(__file__).parent / "golden"
BOX = Sealed(bytes(range(40)))
MAIL = UUID("11111111-2222-3333-4444-555555555555")
DEFINITION = Definition(
    "AEN",
    "Acte de naissance",
    "État civil",
    [
        Question("copies", "Nombre", FieldType.NUMBER, required=True, group="Acte", help="5 au plus", min=1, max=5),
        Question("kind", "Type", FieldType.CHOICE, choices=[Choice("full", "Intégral")]),
        Question("why", "Motif", FieldType.TEXT, show_if=Condition("kind", "full"), max_length=200, pattern="[a-z]+"),
    ],
    description="Copie ou extrait",
    restricted=True,
    take_delay_days=5,
    close_delay_days=None,
    deletion_delay_days=30,
    delay_calendar="working",
    reminder_every_days=3,
    silence=Silence("refusal", 4),
    receipt=False,
    templates={"closure": Template("Fini {reference}", "{issue}")},
)
SETTINGS = Settings(
    "Mairie de Bourg", Contact("1 rue", "a@b.fr", "01", "02"), 5, alsace_moselle=True, archive_after_days=90
)


def _fact(kind: type[Fact], /, version: int = 2, actor: str = "agent:camille", **fields: Any) -> Fact:
    return kind(  # type: ignore[call-arg]  # the metaclass makes dataclasses, unseen by mypy
        originator_id=UUID("00000000-0000-0000-0000-0000000000aa"),
        originator_version=version,
        timestamp=datetime(2027, 3, 1, 8, 30, 15, 123_456, tzinfo=UTC),
        actor=actor,
        command_id="c1",
        correlation_id="r1",
        **fields,
    )


EXAMPLES: dict[str, Fact] = {
    "demand.submitted:1": _fact(
        Demand.Submitted,
        1,
        "api:site",
        reference="AEN-7QK3-M2XD-H5T1",
        procedure="AEN",
        form_version=3,
        service="État civil",
        channel="internet",
        has_email=True,
        applicant=BOX,
        answers=BOX,
    ),
    "demand.taken-in-charge:1": _fact(Demand.TakenInCharge),
    "demand.put-on-hold:1": _fact(Demand.PutOnHold, reason="piece_demandee", detail=BOX),
    "demand.resumed:1": _fact(Demand.Resumed),
    "demand.reassigned:1": _fact(Demand.Reassigned, previous=None, to="sacha", note=BOX),
    "demand.event-added:1": _fact(Demand.EventAdded, event_type="appel", comment=None),
    "demand.mail-requested:1": _fact(Demand.MailRequested, kind="acknowledgement", mail_id=MAIL, letter=BOX),
    "demand.mail-sent:1": _fact(Demand.MailSent, actor="system:mail", kind="acknowledgement", mail_id=MAIL),
    "demand.mail-failed:1": _fact(
        Demand.MailFailed,
        actor="system:mail",
        kind="closure",
        mail_id=MAIL,
        why="rejected",
        smtp_status=550,
        enhanced_status="5.1.1",
    ),
    "demand.mail-declined:1": _fact(Demand.MailDeclined, kind="closure", why="no_address"),
    "demand.reminded:1": _fact(
        Demand.Reminded,
        actor="system:clock",
        kind="untreated",
        occurrence=datetime(2027, 3, 1, 7, tzinfo=UTC),
        agents=("camille", "sacha"),
    ),
    "demand.expiry-warned:1": _fact(
        Demand.ExpiryWarned,
        actor="system:expiry",
        deadline=datetime(2027, 3, 31, 7, tzinfo=UTC),
        days_before=30,
        agents=("camille",),
    ),
    "demand.closed:1": _fact(Demand.Closed, outcome="traitee", comment=BOX),
    "demand.expired:1": _fact(
        Demand.Expired, actor="system:expiry", rule="never_taken", deadline=datetime(2027, 2, 28, 7, tzinfo=UTC)
    ),
    "demand.personal-data-erased:1": _fact(
        Demand.PersonalDataErased, reason="closure", rule="closed", categories={"answers": 1, "applicant": 1}
    ),
    "agent.registered:1": _fact(
        Agent.Registered,
        1,
        code="camille",
        agent_name="Camille Ménard",
        roles=("agent", "head"),
        services=("État civil",),
        procedures=("AEN",),
        active=True,
    ),
    "agent.rights-changed:1": _fact(Agent.RightsChanged, roles=("auditor",), services=(), procedures=()),
    "agent.deactivated:1": _fact(Agent.Deactivated),
    "agent.activated:1": _fact(Agent.Activated),
    "procedure.defined:1": _fact(Procedure.Defined, 1, definition=DEFINITION),
    "procedure.revised:1": _fact(Procedure.Revised, definition=DEFINITION),
    "townhall.founded:1": _fact(Townhall.Founded, 1, "system:init", settings=SETTINGS),
    "townhall.settings-changed:1": _fact(Townhall.SettingsChanged, settings=SETTINGS),
    "townhall.service-set:1": _fact(Townhall.ServiceSet, service="État civil", contact=Contact("1 place", "e@b.fr")),
    "townhall.terms-added:1": _fact(
        Townhall.TermsAdded, vocabulary="reason", terms=(Term("piece_demandee", "Pièce demandée"),)
    ),
    "townhall.term-withdrawn:1": _fact(Townhall.TermWithdrawn, vocabulary="reason", code="piece_demandee"),
}


def golden_file(topic: str) -> Path:
    """Where the bytes of a topic are kept (a colon is no character for a file's name everywhere)."""
    return GOLDEN / f"{topic.replace(':', '.')}.json"


def write_missing() -> list[Path]:
    """Write the golden files that do not exist yet; the others are history and stay as they are."""
    mapper, written = FactMapper(), []
    for topic, fact in EXAMPLES.items():
        path = golden_file(topic)
        if not path.exists():
            path.write_bytes(mapper.to_stored_event(fact).state)
            written.append(path)
    return written


if __name__ == "__main__":
    print(*(path.name for path in write_missing()), sep="\n")  # noqa: T201 — a command for whoever adds a fact
