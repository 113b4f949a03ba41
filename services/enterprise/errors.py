"""Errors of the enterprise service.

NotFound      ├── EnterpriseNotFound      (shared.scope)
              ├── VersionNotFound         the dossier never had this version
              └── ConsentNotFound         no such consent of this enterprise
Conflict      ├── AlreadyRegistered       the code has a dossier
              ├── AlreadyDeregistered     the enterprise left the register
              └── ConsentExists           this bank holds a valid consent
Forbidden     ├── OutOfScope              (shared.scope)
              └── OfficialField           filed by an office, never by the enterprise itself
Unprocessable └── SegmentUnknown          not in the taxonomy
Precondition  └── PreconditionFailed      stale If-Match (shared.http)
"""

from shared.auth import Forbidden
from shared.errors import Conflict, NotFound, Unprocessable


class VersionNotFound(NotFound):
    """The dossier never had this version."""

    slug = "version-not-found"


class ConsentNotFound(NotFound):
    """No such consent of this enterprise."""

    slug = "consent-not-found"


class AlreadyRegistered(Conflict):
    """The code has a dossier."""

    slug = "already-registered"


class AlreadyDeregistered(Conflict):
    """The enterprise left the register."""

    slug = "already-deregistered"


class ConsentExists(Conflict):
    """This bank holds a valid consent."""

    slug = "consent-exists"


class SegmentUnknown(Unprocessable):
    """The segment or the chain position is not in the region's taxonomy."""

    slug = "segment-unknown"


class OfficialField(Forbidden):
    """A field that comes from a public record (公共记录): an office files it."""

    slug = "official-field"
