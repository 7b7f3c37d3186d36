"""What colleagues did to a demand while somebody had its page open: said when his own action is refused."""

from datetime import datetime

from domain.demand import Demand
from domain.errors import Refused
from domain.facts import Fact
from web import current, wording
from web.filters import agent_name, clock, day, fact_sentence


def changed_since(reference: str, seen: int | None) -> str:
    """« Ce qui a changé : … » since the version that the page showed; nothing when the page showed none."""
    if seen is None:
        return ""
    reader = current.agent()
    facts = current.parts().office.dossier(reference, reader).facts
    said = [_said(fact) for fact in facts if fact.originator_version > seen and fact.agent not in (None, reader.code)]
    listed = "\u00a0; ".join(said)
    return f"Ce qui a changé\u00a0: {listed}. " if said else ""


def last_done(reference: str) -> str:
    """« Vous l’avez mise en attente à 22:47. »: who brought the demand where it is, and when.

    Nothing for a demand that nobody has touched, or that this person may not see.
    """
    reader = current.maybe_agent()
    if reader is None:
        return ""
    try:
        facts = current.parts().office.dossier(reference, reader).facts
    except Refused:
        return ""
    done = [fact for fact in facts if fact.name in wording.DONE or isinstance(fact, Demand.Reassigned)]
    return f" {_done(done[-1], reader.code)} {_when(done[-1].timestamp)}." if done else ""


def _done(fact: Fact, reader: str) -> str:
    if isinstance(fact, Demand.Reassigned):
        return _given(fact, reader)
    what = wording.DONE[fact.name]
    if fact.agent is None:
        return f"Elle a été {what}"
    return f"Vous l’avez {what}" if fact.agent == reader else f"{agent_name(fact.agent)} l’a {what}"


def _given(fact: Demand.Reassigned, reader: str) -> str:
    """The same of a demand that changed hands."""
    to = agent_name(fact.to)
    if fact.agent is None:
        return f"Elle a été attribuée à {to}"
    if fact.agent == reader:
        return "Vous vous l’êtes attribuée" if fact.to == reader else f"Vous l’avez attribuée à {to}"
    if fact.agent == fact.to:
        return f"{to} se l’est attribuée"
    by = agent_name(fact.agent)
    return f"{by} vous l’a attribuée" if fact.to == reader else f"{by} l’a attribuée à {to}"


def _when(moment: datetime) -> str:
    """« à 22:47 » today, « le 24/11/2026 à 22:47 » before."""
    hour = f"à {clock(moment)}"
    return hour if day(moment) == day(current.now()) else f"le {day(moment)} {hour}"


def _said(fact: Fact) -> str:
    sentence = fact_sentence(fact)
    return f"événement ajouté, «\u00a0{sentence}\u00a0»" if isinstance(fact, Demand.EventAdded) else sentence
