"""P11: no body, header or address makes the API answer 5xx."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import CalledTown
from web.api.json_body import DEEPEST, UnreadableJson, read_object
from web.problems import PROBLEM_TYPE

UNREADABLE = {
    "empty": b"",
    "blank": b"  ",
    "cut": b'{"procedure": "AEN"',
    "not utf-8": b'{"procedure": "\xff\xfe"}',
    "utf-16": '{"procedure": "AEN"}'.encode("utf-16"),
    "array": b"[]",
    "text": b'"AEN"',
    "number": b"3",
    "null": b"null",
    "NaN": b'{"procedure": NaN}',
    "Infinity": b'{"answers": {"copies": -Infinity}}',
    "1e999": b'{"answers": {"copies": 1e999}}',
    "10^5000": b'{"answers": {"copies": 1' + b"0" * 5000 + b"}}",
    "twice": b'{"procedure": "AEN", "procedure": "AED"}',
    "100,000 arrays": b'{"answers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 open arrays": b"[" * 100_000,
    "40,000 objects": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "too deep": b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
    "too many values": b'{"answers": [' + b"1," * 20_000 + b"1]}",
    "comment": b'{"procedure": "AEN"} // ours',
    "single quotes": b"{'procedure': 'AEN'}",
    "two documents": b"{}{}",
}
HOSTILE: dict[str, Any] = {
    "2^70": 2**70,
    "-2^70": -(2**70),
    "NUL": "a\0b",
    "lone surrogate": "\ud800",
    "text instead of object": "x",
    "array of arrays": [[[]]],
    "object": {"$ne": None},
    "long text": "x" * 100_000,
    "CR LF": "a\r\nSet-Cookie: b=c",
    "template": "{{7*7}}{%x%}${7*7}",
    "true": True,
    "float": 1e300,
    "empty": {},
}
PLACES = [
    ("procedure",), ("channel",), ("external_id",), ("applicant",), ("answers",), ("applicant", "last_name"),
    ("applicant", "civility"), ("applicant", "email"), ("applicant", "phone"), ("applicant", "address"),
    ("applicant", "address", "line1"), ("answers", "kind"), ("answers", "copies"), ("answers", "person_birth_date"),
    ("answers", "remarks"), ("answers", "identity_document"), ("answers", "\ud800\0"), ("\ud800\0",),
]  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_json_is_a_bad_request(town: CalledTown, body: bytes) -> None:
    response = town.post(body)
    assert (response.status_code, response.mimetype) == (400, PROBLEM_TYPE)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(place).encode(errors="replace").decode())
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_refused_or_kept_as_texts(town: CalledTown, place: tuple[str, ...], value: Any) -> None:
    body = town.body()
    inner = body
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    response = town.post(json.dumps(body).encode())
    assert response.status_code in (201, 422)
    if response.status_code == 422:
        assert response.mimetype == PROBLEM_TYPE
        assert len(response.data) < 30_000


def test_a_body_as_deep_as_allowed_is_read() -> None:
    assert read_object(b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_an_object_or_unreadable(raw: bytes) -> None:
    try:
        assert isinstance(read_object(raw), dict)
    except UnreadableJson:
        return


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Accept", "Accept-Language", "Idempotency-Key", "Content-Encoding", "If-Match"]
)
@pytest.mark.parametrize("value", ["\x7f", "é" * 50, "x" * 5_000, "';--", "gzip", "%00"])
def test_hostile_headers_break_nothing(town: CalledTown, name: str, value: str) -> None:
    response = town.post(town.body(), **{name: value})
    assert response.status_code in (201, 200, 400)


@pytest.mark.parametrize("path", ["/demands", "/journal", "/statistics", "/procedures"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=1%00",
        "cursor=%ff%fe",
        "limit=%D9%A1",
        "from=%ed%a0%80",
        "by=%0d%0a",
        "status[]=x",
        "&&&=",
        "late=1&late=2&limit=",
        "limit=1e3",
        "a" * 20_000,
    ],
)
def test_hostile_queries_break_nothing(town: CalledTown, path: str, query: str) -> None:
    assert town.get(f"{path}?{query}").status_code in (200, 400, 422)
