"""What ``serve``, ``worker``, ``demo`` and ``wsgi`` share: the parts of the web and of the workers, and one service."""

import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread, Timer
from types import FrameType
from typing import Final

from store.access_log import KEPT_FOR
from suivi.compose import Installation
from suivi.foreseeing import endings_under
from suivi.logs import get_logger
from suivi.occasions import address_of, may_leave, occasions_of
from suivi.posting import LinkPost
from suivi.rebuilding import sweep
from suivi.refusals import CommandRefused
from suivi.server import WebServer
from suivi.settings import Settings
from web.app import create_app
from web.parts import Parts
from workers.clock import Job, letters_of
from workers.operating import Operator
from workers.parts import WorkerParts
from workers.runtime import UnknownBroker, Workers, start_workers
from workers.transport import MailboxTransport, SmtpTransport, Transport

MARK: Final = "demo.public-logins"
STOP_WITHIN_S: Final = 9.0
CUT_SHORT: Final = 3
"""The exit code of a process that had to leave something unfinished; none of a command's own."""
_TELLING_S: Final = 0.5
_log: Final = get_logger()


def mark_demo(settings: Settings) -> None:
    """Say for ever that this directory is a demo's: its logins are known to all."""
    (settings.data_dir / MARK).touch(mode=0o600)


def refuse_demo(settings: Settings) -> None:
    """Raise CommandRefused for a demo's directory."""
    if (settings.data_dir / MARK).is_file():
        raise CommandRefused(
            f"{settings.data_dir} est une démonstration, dont les mots de passe sont publics : "
            "lancez « suivi demo », ou choisissez un autre SUIVI_DATA_DIR."
        )


def transport_of(settings: Settings) -> Transport | None:
    """The mail server of the settings; None while there is none."""
    if not settings.smtp_url:
        return None
    try:
        return SmtpTransport(settings.smtp_url)
    except ValueError as error:
        raise CommandRefused("SUIVI_SMTP_URL doit être smtp[s]://[utilisateur:mot de passe@]serveur[:port].") from error


def web_parts(
    installation: Installation,
    base_url: str,
    send_link: Callable[[str], None],
    mailbox: MailboxTransport | None = None,
) -> Parts:
    """What the pages are given; a mailbox makes them a demo's."""
    settings = installation.settings
    return Parts(
        office=installation.office,
        lists=installation.lists,
        selecting=installation.selecting,
        operations=installation.operations,
        operation_asked=installation.operation_asked,
        journal=installation.journal,
        all_demands=installation.all_demands,
        statistics=installation.statistics,
        people=installation.people,
        credentials=installation.credentials,
        sessions=installation.sessions,
        throttles=installation.throttles,
        activations=installation.activations,
        clients=installation.clients,
        access_log=installation.access_log,
        outbox=installation.outbox,
        preferences=installation.preferences,
        named_filters=installation.named_filters,
        keyring=installation.keyring,
        session_secret=installation.secrets.key("session"),
        base_url=base_url,
        zone=installation.zone,
        clock=installation.clock,
        random_bytes=installation.random_bytes,
        calendars=installation.calendars,
        trusted_hosts=settings.hosts(base_url),
        trusted_proxies=settings.trusted_proxies,
        demo=mailbox is not None,
        readiness=installation.readiness,
        mails_waiting=lambda: mailbox is None and not settings.smtp_url,
        endings_under=lambda definition, now: endings_under(installation, definition, now),
        mailbox=mailbox.kept if mailbox is not None else tuple,
        send_link=send_link,
    )


def worker_parts(installation: Installation, base_url: str, transport: Transport | None) -> WorkerParts:
    """What the jobs are given."""
    return WorkerParts(
        office=installation.office,
        register=installation.register,
        outbox=installation.outbox,
        keyring=installation.keyring,
        leases=installation.leases,
        sweeps=installation.sweeps,
        transport=transport,
        sender=installation.settings.sender(base_url),
        clock=installation.clock,
        catch_up=installation.catch_up,
        address_of=lambda code: address_of(installation, code),
        may_leave=lambda now: may_leave(installation, now),
        left=lambda mail: installation.activations.mailed(mail.mail_id),
        broker_url=installation.settings.broker_url,
    )


def housekeeping(installation: Installation) -> tuple[Job, ...]:
    """What the town hall forgets in time: views of content after twelve months, former read models within the hour."""
    day, hour, lease = timedelta(days=1), timedelta(hours=1), timedelta(minutes=10)
    return (
        Job("access log", day, lease, lambda now: installation.access_log.purge(now - KEPT_FOR)),
        Job("former read models", hour, lease, lambda now: sweep(installation.stores, now)),
    )


def start(installation: Installation, base_url: str, transport: Transport | None, *, embedded: bool) -> Workers:
    """Start the workers; raises CommandRefused when their broker cannot be used."""
    try:
        parts = worker_parts(installation, base_url, transport)
        jobs = [*letters_of(occasions_of(installation, base_url)), *housekeeping(installation)]
        operator = Operator(installation.office, installation.operations, installation.keyring, installation.clock)
        jobs.append(Job("operations", timedelta(minutes=1), timedelta(minutes=5), operator.sweep))
        workers = start_workers(parts, embedded=embedded, more=jobs, operator=operator)
    except UnknownBroker as error:
        raise CommandRefused("SUIVI_BROKER_URL doit être redis://… ou amqp://…, ou vide.") from error
    except ImportError as error:
        raise CommandRefused(f"Le module {error.name} manque : installez suivi[redis] ou suivi[rabbitmq].") from error
    installation.after_save.append(workers.wake)
    installation.after_asking.append(operator.wake.set)
    return workers


def serve(
    installation: Installation,
    bound: socket.socket,
    ready: Callable[[str], object],
    mailbox: MailboxTransport | None = None,
) -> None:
    """Serve pages, and mails unless a broker does, until SIGTERM or SIGINT; ``ready`` is told the public address."""
    settings = installation.settings
    base_url = settings.at(bound.getsockname()[1])
    transport = mailbox or transport_of(settings)
    links = LinkPost(installation, base_url)
    app = create_app(web_parts(installation, base_url, links.send, mailbox))
    server = WebServer(app, bound, behind_proxy=settings.trusted_proxies > 0)
    workers = None if settings.broker_url else start(installation, base_url, transport, embedded=True)
    on_signal(server.stop)
    ready(base_url)
    server.run()
    links.stop()
    if workers is not None:
        workers.stop()


def work(installation: Installation, ready: Callable[[], object]) -> None:
    """Deliver and sweep until SIGTERM or SIGINT."""
    settings, stopping = installation.settings, Event()
    workers = start(installation, settings.at(8000), transport_of(settings), embedded=False)
    on_signal(stopping.set)
    ready()
    stopping.wait()
    workers.stop()


def on_signal(stop: Callable[[], object]) -> None:
    """Stop cleanly when told; what is still busy after nine seconds is left to the next start, which loses nothing.

    Such an end says so in the log and by its exit code, so that a stop that hangs is never taken for a clean one.
    """

    def told(number: int, _: FrameType | None) -> None:
        last = Timer(STOP_WITHIN_S, _cut_short)
        last.daemon = True
        last.start()
        Thread(target=_log.info, args=("stopping",), kwargs={"signal": number}, daemon=True).start()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _cut_short() -> None:
    """End at once; a log that nobody reads any more does not keep the process either."""
    telling = Thread(target=_log.error, args=("stop cut short",), kwargs={"seconds": STOP_WITHIN_S}, daemon=True)
    telling.start()
    telling.join(_TELLING_S)
    os._exit(CUT_SHORT)
