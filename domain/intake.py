"""A citizen's form as it is received: sealed at once, under a new reference, safely repeatable."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import msgspec

from domain.applicant import Applicant, written_applicant
from domain.demand import Demand
from domain.drafts import draft, values
from domain.errors import KeysDisagree
from domain.facts import Command
from domain.letters import Letter, LetterKind, outgoing
from domain.ports import LostRace, Outgoing
from domain.references import NAMESPACE, demand_id, new_reference
from domain.sealing import DataKey, place

if TYPE_CHECKING:
    from domain.office import Office


class Form(msgspec.Struct, frozen=True):
    """What a citizen sent, already judged by the procedure's form; ``client`` is who hands it in."""

    procedure: str
    channel: str
    applicant: Applicant
    answers: dict[str, Any]
    client: str
    idempotency_key: str | None = None
    external_id: str | None = None

    def __repr__(self) -> str:
        return f"Form({self.procedure})"


class Receipt(msgspec.Struct, frozen=True):
    """What the citizen may keep: nothing personal, and the same each time the form is sent again."""

    reference: str
    procedure: str
    service: str
    submitted_at: datetime
    again: bool


class Intake:
    """Receives forms for the office."""

    def __init__(self, office: "Office") -> None:
        self._office = office

    def earlier(self, client: str, idempotency_key: str | None, external_id: str | None) -> Receipt | None:
        """The receipt of a demand already received under one of these keys; raises KeysDisagree if they name two."""
        references = set(
            self._office.history.references(self._fingerprints(client, idempotency_key, external_id)).values()
        )
        if len(references) > 1:
            raise KeysDisagree(" / ".join(sorted(references)))
        return self._receipt_of(references.pop()) if references else None

    def submit(self, command: Command, form: Form) -> Receipt:
        """Record a demand, its key and its registration receipt; the same keys again find the first one."""
        return self.earlier(form.client, form.idempotency_key, form.external_id) or self.receive(command, form)

    def receive(self, command: Command, form: Form) -> Receipt:
        """The same for a form that was looked for just before."""
        definition = self._office.directory.definition(form.procedure)
        reference = new_reference(form.procedure, self._office.random_bits)
        identity = demand_id(reference)
        mail_id = uuid5(NAMESPACE, f"mail:{identity}:{LetterKind.REGISTRATION_RECEIPT}:{command.id}")
        confirmed = definition.receipt and bool(form.applicant.email)
        kinds = {identity: "demand"} | ({mail_id: "mail"} if confirmed else {})
        keys = self._office.keyring.mint_each(kinds, command.at)
        demand = self.begin(command, reference, form, keys[identity])
        outbox = [self._registration(command, demand, form, mail_id, keys)] if confirmed else []
        fingerprints = self._fingerprints(form.client, form.idempotency_key, form.external_id)
        try:
            self._office.history.append(
                list(demand.collect_events()),  # type: ignore[arg-type]  # the library's wider event type
                outbox=outbox,
                intake=dict.fromkeys(fingerprints, reference),
            )
        except LostRace:
            return self._lost(form)
        self._office.saved()
        return self._receipt(demand, again=False)

    def begin(self, command: Command, reference: str, form: Form, key: DataKey) -> Demand:
        """A new demand with its first fact, its personal values sealed; not recorded yet."""
        procedure = self._office.directory.procedure(form.procedure)
        identity = demand_id(reference)
        return Demand.submit(
            command,
            reference,
            procedure=form.procedure,
            form_version=procedure.form_version,
            service=procedure.definition.service,
            channel=form.channel,
            has_email=bool(form.applicant.email),
            applicant=key.seal(written_applicant(form.applicant), place(identity, 1, "applicant")),
            answers=key.seal(msgspec.json.encode(form.answers).decode(), place(identity, 1, "answers")),
        )

    def fingerprint_of(self, client: str, external_id: str) -> bytes:
        """The intake key of a demand that another system numbers itself."""
        return self._office.fingerprint(client, f"ext:{external_id}")

    def _registration(
        self, command: Command, demand: Demand, form: Form, mail_id: UUID, keys: Mapping[UUID, DataKey]
    ) -> Outgoing:
        kind = LetterKind.REGISTRATION_RECEIPT
        definition = self._office.directory.definition(form.procedure)
        known = values(demand.reference, definition, self._office.directory.townhall(), command.at, self._office.zone)
        text = msgspec.json.encode(Letter(form.applicant.email or "", *draft(definition, kind, known))).decode()
        copy = keys[demand.id].seal(text, place(demand.id, demand.version + 1, "letter"))
        demand.request_mail(kind, mail_id, copy)
        return outgoing(keys[mail_id], mail_id, demand.id, kind, text, command.at)

    def _lost(self, form: Form) -> Receipt:
        """Somebody sent the same form at the same instant: his demand is the one."""
        earlier = self.earlier(form.client, form.idempotency_key, form.external_id)
        if earlier is None:
            raise LostRace
        return earlier

    def _receipt_of(self, reference: str) -> Receipt:
        demand = self._office.history.load(Demand, demand_id(reference))
        if demand is None:
            raise LostRace(reference)
        return self._receipt(demand, again=True)

    def _receipt(self, demand: Demand, *, again: bool) -> Receipt:
        return Receipt(demand.reference, demand.procedure, demand.service, demand.submitted_at, again)

    def _fingerprints(self, client: str, idempotency_key: str | None, external_id: str | None) -> list[bytes]:
        named: Mapping[str, str | None] = {"key": idempotency_key, "ext": external_id}
        return [self._office.fingerprint(client, f"{name}:{value}") for name, value in named.items() if value]
