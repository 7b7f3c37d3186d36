"""The administrators' pages: mail queue, settings, procedures, services, codes; nothing of what demands contain."""

from web.administration import mails, procedure, procedures, services, settings, vocabularies
from web.administration.blueprint import administration

ROUTES = (mails, procedure, procedures, services, settings, vocabularies)

__all__ = ["ROUTES", "administration"]
