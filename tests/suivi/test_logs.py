"""What operators read tells nothing personal, whatever a library tries to say."""

import json
import logging
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from suivi import logs
from suivi.serving import web_parts
from tests.suivi.conftest import CommandLine, quiet_logs
from web.access import open_to_all
from web.app import create_app


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


def test_a_page_that_breaks_is_named_and_located(town: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """The number shown to the agent stands in the log beside the error and its place."""

    def broken() -> str:
        raise LookupError("Marie Dubois")

    with town.opened() as installation:
        app = create_app(web_parts(installation, "http://localhost", lambda _: None))
        app.add_url_rule("/cassee", view_func=open_to_all(broken))
        answer = app.test_client().get("/cassee")
    line = json.loads(capsys.readouterr().err)
    assert (answer.status_code, line["error"], line["endpoint"]) == (500, "LookupError", "broken")
    assert line["where"][-1].startswith("test_logs.py:")
    assert line["correlation_id"]
    assert "Marie" not in str(line)


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
