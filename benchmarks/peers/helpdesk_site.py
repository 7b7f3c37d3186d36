"""A django-helpdesk site on SQLite with a full sync; run by the interpreter of ``.venv/peers``, prints its port."""

import sys
from pathlib import Path
from types import ModuleType

import django
from django.conf import settings

APPS = (
    *("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "humanize", "sites"),
    *("rest_framework", "helpdesk"),
)
CONTRIB = 8


def configure(directory: Path) -> None:
    """The settings its documentation asks for, without the browser's token in forms."""
    settings.configure(
        SECRET_KEY="k" * 50,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="site_urls",
        INSTALLED_APPS=[f"django.contrib.{name}" for name in APPS[:CONTRIB]] + list(APPS[CONTRIB:]),
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": directory / "helpdesk.sqlite3"}},
        STATIC_URL="/static/",
        SITE_ID=1,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        LOGIN_URL="/enter",
    )
    django.setup()


def urls() -> ModuleType:
    """The site's addresses, one that logs the agent in, and a hello."""
    from django.contrib.auth import login
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse
    from django.urls import include, path

    def enter(request: HttpRequest) -> HttpResponse:
        login(request, User.objects.get(username="lea"))
        return HttpResponse(status=204)

    def hello(_: HttpRequest) -> HttpResponse:
        return HttpResponse("hello")

    site = ModuleType("site_urls")
    addresses = [path("enter", enter), path("hello", hello), path("", include("helpdesk.urls", namespace="helpdesk"))]
    vars(site)["urlpatterns"] = addresses
    return site


def fill(tickets: int) -> None:
    """One queue, one agent, so many tickets."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from helpdesk.models import Queue, Ticket

    call_command("migrate", verbosity=0)
    lea = User.objects.create_superuser("lea", "lea@example.org", "sept girafes dansent")
    queue = Queue.objects.create(title="État civil", slug="ec")
    Ticket.objects.bulk_create(
        Ticket(title=f"Demande {n}", queue=queue, assigned_to=lea, submitter_email="a@example.org")
        for n in range(tickets)
    )


def main(directory: str, tickets: str) -> None:
    """Serve until the bench kills the process."""
    from django.core.wsgi import get_wsgi_application
    from waitress.server import create_server

    configure(Path(directory))
    sys.modules["site_urls"] = urls()
    fill(int(tickets))
    server = create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
