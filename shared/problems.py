"""Every error answer as one format: RFC 9457 `application/problem+json`, in English or Chinese."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
import yaml
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.db import is_outage
from shared.errors import DomainError, Problem, ProblemField
from shared.telemetry import correlation_id

MEDIA_TYPE = "application/problem+json"
FIELDS_SHOWN_MAX = 50

log = structlog.get_logger()

_TEXTS = yaml.safe_load((Path(__file__).parent / "reference" / "problems.yaml").read_text("utf-8"))
_STATUSES: dict[int, dict[str, str]] = _TEXTS["statuses"]
_FIELD_ZH: dict[str, str] = _TEXTS["fields"]


def wants_chinese(request: Request) -> bool:
    """Whether the caller's first language is Chinese (`Accept-Language`)."""
    return request.headers.get("accept-language", "").strip().lower().startswith("zh")


def problem(
    request: Request,
    status: int,
    slug: str,
    title: str,
    detail: str,
    errors: Sequence[ProblemField] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem as a response."""
    body = Problem(
        type=f"urn:terrace:problem:{slug}",
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=correlation_id.get() or "",
        errors=list(errors),
    )
    content = json.dumps(body.model_dump(), ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, dict(headers or {}), media_type=MEDIA_TYPE)


def plain_problem(
    request: Request, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem for a status alone."""
    words = _STATUSES.get(status) or _STATUSES[400 if status < 500 else 500]
    zh = "_zh" if wants_chinese(request) else ""
    return problem(
        request, status, words["slug"], words[f"title{zh}"], words[f"detail{zh}"], (), headers
    )


async def on_domain_error(request: Request, error: Exception) -> Response:
    """A rule of the domain was not met."""
    assert isinstance(error, DomainError)
    zh = wants_chinese(request)
    return problem(
        request,
        error.status,
        error.slug,
        error.title_zh if zh else error.title,
        error.detail_zh if zh else error.detail,
        error.errors,
        error.headers,
    )


async def on_invalid_input(request: Request, error: Exception) -> Response:
    """The input does not have the declared shape."""
    assert isinstance(error, RequestValidationError)
    zh = wants_chinese(request)
    found = [
        ProblemField(
            field=".".join(str(part) for part in item["loc"]),
            message=_field_text(item, zh),
        )
        for item in error.errors()[:FIELDS_SHOWN_MAX]
    ]
    names = ", ".join(dict.fromkeys(item.field for item in found))[:400]
    return problem(
        request,
        422,
        "invalid-input",
        "输入无效" if zh else "The input is not valid",
        f"请更正以下字段:{names}" if zh else f"Correct these fields and send again: {names}",
        found,
    )


def _field_text(item: Mapping[str, Any], zh: bool) -> str:
    english = str(item["msg"]).removeprefix("Value error, ")
    if not zh:
        return english
    own = item.get("ctx", {}).get("zh")
    return own or _FIELD_ZH.get(item["type"], english)


async def on_http_error(request: Request, error: Exception) -> Response:
    """404, 405 and others that the framework raises."""
    assert isinstance(error, HTTPException)
    return plain_problem(request, error.status_code, error.headers)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """The database is away (503), or an error of ours (500)."""
    if is_outage(error):
        log.warning("outage", error=str(error), path=request.url.path)
        return plain_problem(request, 503, {"Retry-After": "1"})
    log.error("unexpected error", path=request.url.path, exc_info=error)
    return plain_problem(request, 500)


def install(app: FastAPI) -> None:
    """Answer every error of this app as a problem."""
    app.add_exception_handler(DomainError, on_domain_error)
    app.add_exception_handler(RequestValidationError, on_invalid_input)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_unexpected)
