"""What operators read tells nothing personal, whatever a library tries to say."""

import json
import logging
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from suivi import logs
from tests.suivi.conftest import quiet_logs


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    with quiet_logs():
        logs.configure()
        yield


def test_only_known_keys_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    mail = uuid4()
    structlog.get_logger().info("delivery", mail_id=mail, outcome="sent", recipient="marie@example.org", subject="Acte")
    captured = capsys.readouterr()
    assert captured.out == ""
    line = json.loads(captured.err)
    assert line.pop("timestamp")
    assert line == {"event": "delivery", "level": "info", "mail_id": str(mail), "outcome": "sent"}


def test_values_that_are_no_plain_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("x", why={"name": "Marie"}, outcome="a" * 1_000, count=3)
    line = json.loads(capsys.readouterr().err)
    assert "why" not in line
    assert (len(line["outcome"]), line["count"]) == (200, 3)


def test_an_error_is_named_and_located_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _fail("Marie Dubois")
    except ValueError:
        structlog.get_logger().exception("x")
    text = capsys.readouterr().err
    assert "Marie" not in text
    assert json.loads(text)["error"] == "ValueError"
    assert "_fail" in json.loads(text)["where"][-1]


def test_libraries_say_only_who_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _fail("Marie Dubois")
    except ValueError:
        logging.getLogger("waitress").exception("Exception while serving %s", "/activation/secret")
    logging.getLogger("flask").info("not shown")
    logging.getLogger("flask").warning("about Marie")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["logger"], first["level"], first["error"]) == ("waitress", "error", "ValueError")
    assert (second["logger"], second["level"]) == ("flask", "warning")
    assert not {"Marie", "secret"} & set(json.dumps([first, second]).replace("/", " ").split())


def _fail(name: str) -> None:
    raise ValueError(f"{name} in {sys.platform}")
