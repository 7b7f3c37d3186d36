"""How dates, numbers, codes and facts are written on the pages: French, in the town's time zone."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final

from flask import Flask, g
from markupsafe import Markup

from domain.facts import Fact
from web import current, wording
from web.templating import Words

NARROW_SPACE: Final = "\u202f"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_DAYS_UNTIL_MONTHS: Final = 60
_DAYS_UNTIL_YEARS: Final = 730


def day(moment: datetime | date | None) -> str:
    """24/11/2026, as it is in town."""
    if moment is None:
        return ""
    local = moment.astimezone(current.parts().zone) if isinstance(moment, datetime) else moment
    return f"{local:%d/%m/%Y}"


def moment(instant: datetime | None) -> str:
    """24/11/2026 14:03, as it is in town."""
    return "" if instant is None else f"{instant.astimezone(current.parts().zone):%d/%m/%Y %H:%M}"


def clock(instant: datetime | None) -> str:
    """14:03, as it is in town."""
    return "" if instant is None else f"{instant.astimezone(current.parts().zone):%H:%M}"


def age(instant: datetime | None) -> str:
    """« il y a 3 jours », or « dans 3 jours »; days are counted as calendar days in town."""
    if instant is None:
        return ""
    zone, now = current.parts().zone, current.now()
    seconds = (now - instant).total_seconds()
    days = (now.astimezone(zone).date() - instant.astimezone(zone).date()).days
    return written_age(seconds, days)


def written_age(seconds: float, days: int) -> str:
    """« il y a 3 jours » for what was so many seconds and calendar days ago, « dans 3 jours » for what will be."""
    written = distance(abs(seconds), abs(days))
    if not written:
        return "à l’instant"
    return f"il y a {written}" if seconds >= 0 else f"dans {written}"


def distance(seconds: float, days: int) -> str:
    """A length of time in its largest fitting unit; nothing below a minute."""
    if seconds < _MINUTE:
        return ""
    if seconds < _HOUR:
        return plural(int(seconds // _MINUTE), "minute")
    if days == 0 or (seconds < _DAY and days <= 1):
        return plural(int(seconds // _HOUR), "heure")
    if days < _DAYS_UNTIL_MONTHS:
        return plural(days, "jour")
    if days < _DAYS_UNTIL_YEARS:
        return f"{days // 30} mois"
    return plural(days // 365, "an")


def number(value: float) -> str:
    """1 234, with the narrow no-break space of French typography."""
    return f"{value:,}".replace(",", NARROW_SPACE).replace(".", ",")


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 0 demande », « 2 demandes »: in French the plural begins at two."""
    return f"{number(count)} {one if count < 2 else many or one + 's'}"  # noqa: PLR2004 — the rule itself


def status_label(status: str) -> str:
    """« En cours »."""
    return wording.STATUSES.get(status, status)


def channel_label(channel: str) -> str:
    """« Guichet »."""
    return wording.CHANNELS.get(channel, channel)


def role_label(role: str) -> str:
    """« Responsable de service »."""
    return wording.ROLES.get(role, role)


def letter_label(kind: str) -> str:
    """« Avis de prise en compte »."""
    label = wording.LETTERS.get(kind, kind)
    return label[:1].upper() + label[1:]


def why_label(why: str | None) -> str:
    """Why a letter did not leave."""
    return wording.WHY.get(why or "", why or "")


def kind_label(kind: str) -> str:
    """« Mise en attente »."""
    return wording.KINDS.get(kind, kind)


def kind_icon(kind: str) -> str:
    """The icon beside a fact in a history."""
    return wording.KIND_ICONS.get(kind, "circle")


def agent_name(code: str | None) -> str:
    """The agent's name, with « agent inactif » when he left; the code where nobody of that code is known."""
    if not code:
        return ""
    row = current.known().agents.get(code)
    if row is None:
        return code
    return f"{row.name}" if row.active else f"{row.name} (agent inactif)"


def procedure_title(code: str) -> str:
    """The title of a démarche; its code where it is unknown."""
    row = current.known().procedures.get(code)
    return row.title if row is not None else code


def term(code: str | None, vocabulary: str) -> str:
    """The label of a configured code: ``{{ code|term('reason') }}``."""
    if not code:
        return ""
    if "vocabularies" not in g:
        g.vocabularies = current.parts().office.directory.townhall().vocabularies
    label: str = g.vocabularies.get(vocabulary, {}).get(code, code)
    return label


def fact_sentence(fact: Fact) -> str:
    """A fact of a history, as one sentence."""
    return wording.sentence(fact, wording.Names(agent_name, lambda vocabulary, code: term(code, vocabulary)))


@lru_cache(4_096)
def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 — a template's own words


def words(text: str, **values: object) -> Markup:
    """A sentence of a template, its values escaped."""
    return _markup(text) % values if values else _markup(text)


def install_words(app: Flask) -> None:
    """What ``_()`` gives; Jinja's own function for it makes a new context in every loop."""
    app.jinja_env.add_extension(Words)
    app.jinja_env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # by the i18n extension
    app.jinja_env.globals["_"] = words


def install(app: Flask) -> None:
    """Offer all of these to the templates, under their own names."""
    for function in (
        *(day, moment, clock, age, number, plural),
        *(status_label, channel_label, role_label, letter_label, why_label, kind_label, kind_icon),
        *(agent_name, procedure_title, term, fact_sentence),
    ):
        app.jinja_env.filters[function.__name__] = function
