"""The administrators' pages: mail queue, settings, procedures, services; nothing of what demands contain."""

from web.administration import mails, procedure, procedures, services, settings
from web.administration.blueprint import administration

ROUTES = (mails, procedure, procedures, services, settings)

__all__ = ["ROUTES", "administration"]
