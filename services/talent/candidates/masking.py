"""What of a person is shown to whom (脱敏), and what must not stand in a free text. Pure."""

import re

from services.talent.candidates.schemas import Contact, Personal

HIDDEN = "＊＊"
_CONTACT_LIKE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<!\d)\d{17}[\dXx](?!\d)"
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
    r"|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
)


def scrub(text: str, personal: Personal) -> str:
    """The text without the person's own fields and without anything like a contact."""
    for value in sorted(filter(None, personal.model_dump().values()), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _CONTACT_LIKE.sub(HIDDEN, text)


def full(personal: Personal) -> Contact:
    """Everything, for the person and whoever filed them."""
    return Contact(**personal.model_dump())


def agreed(personal: Personal) -> Contact:
    """For an enterprise the person agreed to: how to reach them; the identity number masked."""
    return Contact(**{**personal.model_dump(), "id_number": _ends(personal.id_number, 3, 2)})


def masked(personal: Personal) -> Contact:
    """For staff: enough to tell two people apart, not enough to reach one."""
    email = personal.email
    return Contact(
        name=personal.name[:1] + "*" * (len(personal.name) - 1),
        phone=_ends(personal.phone, 3, 4) or "",
        email=email and f"{email[:1]}***@{email.partition('@')[2]}",
        employer=None,
        id_number=_ends(personal.id_number, 3, 2),
    )


def _ends(value: str | None, first: int, last: int) -> str | None:
    if value is None:
        return None
    return value[:first] + "*" * max(len(value) - first - last, 1) + value[-last:]
