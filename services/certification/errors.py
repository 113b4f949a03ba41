"""Errors of the certification service.

NotFound      ├── EnterpriseNotFound     (shared.scope)
              ├── ListNotFound           no such official list
              ├── EvaluationNotFound     no such evaluation within the caller's scope
              ├── DossierNotKnownThen    no dossier was known at that moment
              └── SimulationNotFound     no such simulation of the caller's authority
Conflict      └── SimulationsBusy        the authority has too many simulations under way
Forbidden     ├── OutOfScope             (shared.scope)
              └── NotTheDecider          this caller does not decide this title
Unprocessable ├── ListUnusable           rows of the list are wrong; each is named
              ├── ListTooLong            more rows than one list may have
              ├── RuleSetUnknown         no edition of this id, or none in force on that day
              ├── RuleTextUnusable       an edited rule text is wrong; line and reason are named
              ├── MomentUnusable         a moment or day that cannot be judged at
              └── TitleUnknown           no title of this kind, or not of this authority
DomainError   ├── MediaUnsupported (415) neither CSV nor XLSX
              └── TooManyRequests (429)  the open self-test was asked too often

A rule file that cannot be used is no error of a request: RuleFileError stops the start.
"""

from shared.auth import Forbidden
from shared.errors import Conflict, DomainError, NotFound, Unprocessable


class ListNotFound(NotFound):
    """No such official list."""

    slug = "official-list-not-found"


class EvaluationNotFound(NotFound):
    """No such evaluation, or not of an enterprise this caller may see."""

    slug = "evaluation-not-found"


class DossierNotKnownThen(NotFound):
    """No version of the dossier was known at that moment."""

    slug = "dossier-not-known-then"


class SimulationNotFound(NotFound):
    """No such simulation of the caller's authority."""

    slug = "simulation-not-found"


class SimulationsBusy(Conflict):
    """The authority has as many simulations under way as it may."""

    slug = "simulations-busy"


class NotTheDecider(Forbidden):
    """The caller is not the authority that decides this title."""

    slug = "not-the-deciding-authority"


class ListUnusable(Unprocessable):
    """Rows of the list are wrong. Nothing of it was stored."""

    slug = "official-list-unusable"


class ListTooLong(Unprocessable):
    """More rows than one list may have."""

    slug = "official-list-too-long"


class TitleUnknown(Unprocessable):
    """No title of this kind, or no authority that decides it."""

    slug = "title-unknown"


class MediaUnsupported(DomainError):
    """The body is neither CSV nor XLSX."""

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"
    title_zh = "媒体类型不支持"


class RuleSetUnknown(Unprocessable):
    """No edition of this id, or none in force on that day."""

    slug = "rule-set-unknown"


class RuleTextUnusable(Unprocessable):
    """An edited rule text is wrong. The running rule sets are untouched."""

    slug = "rule-text-unusable"


class MomentUnusable(Unprocessable):
    """A moment or a day that cannot be judged at."""

    slug = "moment-unusable"


class TooManyRequests(DomainError):
    """The caller asked more than its allowance."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"
    title_zh = "请求过于频繁"
