"""``python -m benchmarks.serving <what> <directory>``: one process serves one contender and prints its port."""

import json
import logging
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

from flask import Flask, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate
from waitress.server import create_server

from benchmarks.plan import NOW
from benchmarks.seeding import settings_of
from store.engines import connect_sqlite

STEPS: Final = 8
DEMANDS: Final = 600


def hello(_: Path) -> Flask:
    """The least that Flask can do."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def suivi(directory: Path) -> Flask:
    """Suivi as ``serve`` has it, with work on many demands, without mail and without tokens in forms."""
    from suivi.compose import Installation  # noqa: PLC0415 — only this contender loads it
    from suivi.serving import web_parts  # noqa: PLC0415
    from web.app import create_app  # noqa: PLC0415
    from workers.operating import Operator  # noqa: PLC0415

    installation = Installation.open(settings_of(directory), lambda: NOW, secrets.token_bytes)
    app = create_app(web_parts(installation, "http://localhost", lambda _: None))
    app.config["WTF_CSRF_ENABLED"] = False
    operator = Operator(installation.office, installation.operations, installation.keyring, installation.clock)
    installation.after_asking.append(operator.wake.set)
    Thread(target=operator.run, args=(Event(),), daemon=True).start()
    return app


def crud(directory: Path) -> Flask:
    """The plain application, with as many demands as a run acts upon."""
    from benchmarks.peers.crud import create_crud  # noqa: PLC0415

    return create_crud(directory / "crud.sqlite3", DEMANDS, STEPS)


class Applicant(Schema):
    """Who asks, as the echo judges him."""

    last_name = fields.String(required=True, validate=validate.Length(1, 100))
    first_name = fields.String(required=True, validate=validate.Length(1, 100))
    email = fields.Email()


class Intake(Schema):
    """A demand, as the echo judges it."""

    class Meta:
        """What the echo does not judge, it leaves out."""

        unknown = EXCLUDE

    procedure = fields.String(required=True, validate=validate.Length(1, 40))
    channel = fields.String(required=True, validate=validate.Regexp("[a-z-]{1,20}"))
    applicant = fields.Nested(Applicant, required=True)
    answers = fields.Dict(required=True)


def echo(directory: Path) -> Flask:
    """A validated echo with the raw writes of an intake: a key, an event, an outbox row; then the rows of the views."""
    app, schema = Flask("echo"), Intake()
    durable, views = (
        connect_sqlite(str(directory / "echo.sqlite3")),
        connect_sqlite(str(directory / "views.sqlite3"), 1),
    )
    keys = connect_sqlite(str(directory / "echo-keys.sqlite3"))
    tables = {keys: ("keys",), durable: ("events", "outbox"), views: ("current", "intervals", "counts", "position")}
    for connection, names in tables.items():
        for name in names:
            connection.execute(f"CREATE TABLE {name} (id TEXT PRIMARY KEY, body TEXT)")

    @app.post("/")
    def take() -> ResponseReturnValue:
        demand = schema.load(request.get_json())
        identity, body = secrets.token_hex(16), json.dumps(demand)
        for connection, names in tables.items():
            connection.execute("BEGIN IMMEDIATE")
            for name in names:
                connection.execute(f"INSERT INTO {name} VALUES (?,?)", (identity, body))  # noqa: S608 — our own names
            connection.execute("COMMIT")
        return {"reference": identity, **demand}, 201

    return app


CONTENDERS: Final[dict[str, Callable[[Path], Flask]]] = {"hello": hello, "suivi": suivi, "crud": crud, "echo": echo}


def main(what: str, directory: str) -> None:
    """Serve until the bench kills the process."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # fifty agents wait for four threads on purpose
    server = create_server(CONTENDERS[what](Path(directory)), host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)  # type: ignore[union-attr]  # one address, one server
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
