"""Errors a user can act on, and how they become RFC 9457 problems.

    DomainError          a rule of the domain was not met; carries status, slug, both languages
    ├── NotFound             404
    ├── Conflict             409
    ├── Unprocessable        422
    └── …                    each service names its own in its `errors.py`

The slug is stable: clients decide by it. The text says what to do.
"""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel


class ProblemField(BaseModel):
    """One offending field of the input."""

    field: str
    message: str


class Problem(BaseModel):
    """Error answer (错误说明), RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ProblemField] = []


class DomainError(Exception):
    """A request that cannot be met as it stands. Subclasses give `status`, `slug`, `title`.

    `detail` says what to do, in English; `detail_zh` the same in Chinese.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be met"
    title_zh: ClassVar[str] = "请求无法完成"

    def __init__(
        self,
        detail: str,
        detail_zh: str,
        errors: Sequence[ProblemField] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_zh = detail_zh
        self.errors = list(errors)
        self.headers = headers or {}


class NotFound(DomainError):
    """The thing named in the path does not exist, or not for this caller."""

    status = 404
    slug = "not-found"
    title = "Not found"
    title_zh = "未找到"


class Conflict(DomainError):
    """The present state does not allow this."""

    status = 409
    slug = "conflict"
    title = "Conflict with the present state"
    title_zh = "与当前状态冲突"


class Unprocessable(DomainError):
    """The input is well formed and wrong."""

    status = 422
    slug = "unprocessable"
    title = "The input is not valid"
    title_zh = "输入无效"
