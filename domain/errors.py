"""Why the town hall says no: one tree of refusals, each carrying what a page needs to explain it."""

from collections.abc import Iterable, Mapping

from domain.status import Status


class Refused(Exception):
    """A command that changes nothing, because a rule forbids it."""


class Invalid(Refused):
    """What was typed cannot be accepted; ``errors`` maps a dotted field path to its messages."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(messages)}" for field, messages in errors.items()))
        self.errors = dict(errors)


class Unknown(Refused):
    """Nothing of that name exists, or nothing that this person may know of."""

    what = "thing"

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        super().__init__(f"unknown {self.what}: {name}")
        self.name, self.known = name, sorted(known)


class UnknownDemand(Unknown):
    """No demand has this reference, or it lies outside the agent's services and procedures."""

    what = "demand"


class MiscopiedReference(UnknownDemand):
    """The reference's check character is wrong: somebody mistyped it."""

    what = "reference (check character)"


class UnknownProcedure(Unknown):
    """No procedure has this code."""

    what = "procedure"


class UnknownAgent(Unknown):
    """No agent has this code."""

    what = "agent"


class UnknownService(Unknown):
    """No service has this name."""

    what = "service"


class UnknownClient(Unknown):
    """No program that calls the API has this name."""

    what = "API client"


class UnknownCode(Unknown):
    """A reason, outcome or event type that the town has not configured."""

    what = "code"


class NotAllowed(Refused):
    """The person sees it but has no right to do this."""

    def __init__(self, right: str, reference: str | None = None) -> None:
        super().__init__(f"{right} is not allowed" + (f" on {reference}" if reference else ""))
        self.right, self.reference = right, reference


class Conflict(Refused):
    """The state of things forbids it now; ``owner`` is the code of the agent who has the demand."""

    def __init__(self, message: str, reference: str, status: Status, owner: str | None) -> None:
        super().__init__(f"{reference}: {message}")
        self.reference, self.status, self.owner = reference, status, owner


class NotAllowedNow(Conflict):
    """The fact cannot happen to a demand in this status."""

    def __init__(self, reference: str, fact: str, status: Status, owner: str | None) -> None:
        super().__init__(f"no {fact} while {status}", reference, status, owner)
        self.fact = fact


class OutOfDate(Conflict):
    """Another agent acted since the page was shown."""

    def __init__(self, reference: str, status: Status, owner: str | None, by: str) -> None:
        super().__init__(f"{by} acted since", reference, status, owner)
        self.by = by


class Overtaken(OutOfDate):
    """Two agents acted at the same instant and the other one was recorded first."""


class AlreadyDecided(Conflict):
    """This letter was already sent or declined; it is decided once."""

    def __init__(self, reference: str, letter: str, status: Status, owner: str | None) -> None:
        super().__init__(f"the {letter} letter is decided", reference, status, owner)
        self.letter = letter


class NoAddress(Conflict):
    """The citizen left no e-mail address, so no letter can be sent."""


class KeysDisagree(Refused):
    """An ``Idempotency-Key`` and an ``external_id`` name two different demands."""


class AlreadyExists(Refused):
    """Something of this name exists already."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"the {what} {name} exists already")
        self.what, self.name = what, name


class ChangedSince(Refused):
    """Something else was saved since the page was shown: ``by`` is the actor, ``what`` names what differs now.

    ``before`` is what the page showed, None for what was not there yet.
    """

    def __init__(self, by: str, what: Iterable[str], before: object) -> None:
        self.by, self.what, self.before = by, tuple(what), before
        super().__init__(f"{by} changed {', '.join(self.what)} since")


class Erased(Refused):
    """The key of this demand is destroyed: nothing personal can be sealed or read again."""
