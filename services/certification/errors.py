"""Errors of the certification service.

NotFound      ├── EnterpriseNotFound     (shared.scope)
              └── ListNotFound           no such official list
Forbidden     ├── OutOfScope             (shared.scope)
              └── NotTheDecider          this caller does not decide this title
Unprocessable ├── ListUnusable           rows of the list are wrong; each is named
              ├── ListTooLong            more rows than one list may have
              └── TitleUnknown           no title of this kind, or not of this authority
DomainError   └── MediaUnsupported (415) neither CSV nor XLSX

A rule file that cannot be used is no error of a request: RuleFileError stops the start.
"""

from shared.auth import Forbidden
from shared.errors import DomainError, NotFound, Unprocessable


class ListNotFound(NotFound):
    """No such official list."""

    slug = "official-list-not-found"


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
