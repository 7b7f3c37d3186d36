"""A plain Flask + SQLAlchemy application for the same work: log in, list demands, add an event; one table each.

Written as a careful developer would without facts, sealing or read models: the ORM, a session cookie, one commit an
action with SQLite's full sync, an index for what the list shows.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from flask import Flask, abort, redirect, render_template_string, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

PASSWORD: Final = "sept girafes dansent"
_PAGE: Final = (
    "<!doctype html><title>Demande</title><h1>{{ demand.reference }}</h1><p>{{ demand.name }}, {{ demand.status }}"
    "<ul>{% for step in demand.steps %}"
    "<li>{{ step.at }} {{ step.agent }} {{ step.kind }} {{ step.comment }}{% endfor %}"
)


class Base(DeclarativeBase):
    """The tables."""


class Agent(Base):
    """Who logs in."""

    __tablename__ = "agents"
    code: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]


class Demand(Base):
    """One demand as it stands."""

    __tablename__ = "demands"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str | None]
    updated_at: Mapped[datetime]
    steps: Mapped[list["Step"]] = relationship(order_by="Step.id")


class Step(Base):
    """One line of its history."""

    __tablename__ = "steps"
    id: Mapped[int] = mapped_column(primary_key=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demands.id"), index=True)
    at: Mapped[datetime]
    agent: Mapped[str]
    kind: Mapped[str]
    comment: Mapped[str]


class Letter(Base):
    """A mail that waits."""

    __tablename__ = "letters"
    id: Mapped[int] = mapped_column(primary_key=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demands.id"))
    text: Mapped[str]


def create_crud(path: Path, demands: int, steps: int) -> Flask:
    """The application over a file of its own, with so many demands ``D-0…`` in progress."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _durable)
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(Agent(code="lea", password=generate_password_hash(PASSWORD)))
        db.add_all(_demand(number, steps) for number in range(demands))
        db.commit()
    app = Flask("crud")
    app.secret_key = "k" * 32

    @app.post("/login")
    def log_in() -> ResponseReturnValue:
        with Session(engine) as db:
            agent = db.get(Agent, request.form["code"])
            if agent is None or not check_password_hash(agent.password, request.form["password"]):
                abort(403)
        session["agent"] = agent.code
        return redirect("/", 303)

    @app.post("/demands/<reference>/steps")
    def add_step(reference: str) -> ResponseReturnValue:
        with Session(engine) as db:
            agent, demand = _known(db, reference)
            demand.steps.append(
                Step(at=datetime.now(UTC), agent=agent.code, kind=request.form["kind"], comment=request.form["comment"])
            )
            demand.updated_at = datetime.now(UTC)
            db.commit()
        return redirect(f"/demands/{reference}", 303)

    @app.get("/demands/<reference>")
    def show(reference: str) -> ResponseReturnValue:
        with Session(engine) as db:
            return render_template_string(_PAGE, demand=_known(db, reference)[1])

    return app


def _known(db: Session, reference: str) -> tuple[Agent, Demand]:
    agent = db.get(Agent, session.get("agent", ""))
    demand = db.scalars(select(Demand).where(Demand.reference == reference)).one_or_none()
    if agent is None or demand is None:
        abort(404)
    return agent, demand


def _demand(number: int, steps: int) -> Demand:
    at = datetime.now(UTC)
    kept = [Step(at=at, agent="lea", kind="call", comment="il rappellera demain") for _ in range(steps)]
    return Demand(
        reference=f"D-{number}", name="Marie Dubois", status="in progress", owner="lea", updated_at=at, steps=kept
    )


def _durable(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
