"""Read models filled directly, large enough that a planner has a reason to use its indexes."""

import json
from collections import Counter
from random import Random
from uuid import UUID

from sqlalchemy import Engine, insert

from domain.applicant import Applicant
from domain.sealing import DataKey
from domain.status import Status
from projections.names import findable, tokens
from projections.tables import (
    agents,
    current,
    daily_counts,
    delay_buckets,
    journal,
    journal_marks,
    open_counts,
    procedures,
    search_tokens,
)
from store.transactions import writing

SERVICES = tuple(f"Service {number}" for number in range(4))
PROCEDURES = tuple((f"P{number:02d}", SERVICES[number % 4]) for number in range(8))
AGENTS = tuple(f"a{number:02d}" for number in range(10))
OPEN, FINISHED, DAYS = 3_000, 3_000, 400
DAY_US = 86_400 * 10**6
NOW_US = 20_880 * DAY_US
_STATUSES = (Status.UNTREATED, Status.IN_PROGRESS, Status.ON_HOLD)
_NAMES = ("Martin", "Marchand", "Mariette", "Dubois")


def fill(engine: Engine, search_key: DataKey) -> None:
    """Three thousand open demands, as many finished ones, and a year of figures."""
    random = Random(7)
    words = {(last, first): tokens(findable(Applicant(last, first)), search_key) for last in _NAMES for first in "AB"}
    with writing(engine) as connection:
        opened = [_open(number, random) for number in range(OPEN)]
        connection.execute(insert(current), opened)
        borne = [
            {name: row[name] for name in ("service", "submitted_at", "seq")} | {"token": token}
            for row in opened
            for token in words[random.choice(_NAMES), random.choice("AB")]
        ]
        connection.execute(insert(search_tokens), borne)
        counted = Counter((row["service"], row["procedure"], row["status"], row["agent"] or "") for row in opened)
        names = ("service", "procedure", "status", "agent")
        connection.execute(
            insert(open_counts), [dict(zip(names, key, strict=True)) | {"n": n} for key, n in counted.items()]
        )
        finished = [_finished(OPEN + number, random) for number in range(FINISHED)]
        connection.execute(insert(journal), finished)
        marks = [
            {"mark": mark, "closed_at": row["closed_at"], "seq": row["seq"]}
            for row in finished
            for mark in (f"agent:{row['agent']}", "event:appel_usager")
        ]
        connection.execute(insert(journal_marks), marks)
        connection.execute(insert(daily_counts), [_day(number) for number in range(DAYS)])
        connection.execute(insert(delay_buckets), list(_buckets()))
        connection.execute(insert(agents), [_agent(code) for code in AGENTS])
        connection.execute(
            insert(procedures),
            [
                {"code": code, "title": code, "service": service, "restricted": False, "working": False}
                for code, service in PROCEDURES
            ],
        )


def _common(number: int, random: Random) -> dict[str, object]:
    procedure, service = random.choice(PROCEDURES)
    return {
        "seq": 1_000_000 + number,
        "demand_id": UUID(int=number + 1),
        "reference": f"{procedure}X-{number:012d}",
        "procedure": procedure,
        "service": service,
        "channel": "internet",
        "submitted_at": NOW_US - random.randrange(DAYS * DAY_US),
        "version": 1,
        "milestones": b"[]",
    }


def _open(number: int, random: Random) -> dict[str, object]:
    row = _common(number, random)
    status = _STATUSES[number % 3]
    own = {
        "has_email": True,
        "status": status,
        "agent": random.choice(AGENTS) if status is not Status.UNTREATED or number % 9 == 0 else None,
        "held_for": 0,
        "due_at": row["submitted_at"],
        "reminded_at": row["submitted_at"] if number % 5 == 0 else None,
        "remind_at": row["submitted_at"],
        "since": row["submitted_at"],
        "interval_version": 1,
    }
    return row | own


def _finished(number: int, random: Random) -> dict[str, object]:
    row = _common(number, random)
    closed = row["submitted_at"]
    return row | {"status": Status.CLOSED, "agent": random.choice(AGENTS), "closed_at": closed}


def _day(number: int) -> dict[str, object]:
    amounts = dict.fromkeys((c.name for c in daily_counts.columns if c.name not in ("dimension", "day", "key")), 1)
    return {
        "dimension": "all",
        "day": f"{2024 + number // 336}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}",
        "key": "",
    } | amounts


def _buckets() -> list[dict[str, object]]:
    periods = [f"2025-{month:02d}" for month in range(1, 13)] + ["2024", "2025"]
    return [
        {"dimension": "all", "period": period, "key": "", "measure": measure, "bucket": bucket, "n": 1}
        for period in periods
        for measure in ("take", "close")
        for bucket in range(900, 960)
    ]


def _agent(code: str) -> dict[str, object]:
    return {
        "code": code,
        "name": code.title(),
        "active": True,
        "roles": json.dumps(["agent"]),
        "services": json.dumps([SERVICES[0]]),
        "procedures": "[]",
    }
