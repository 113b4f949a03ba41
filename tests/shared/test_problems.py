"""Every error answer has one format, in the caller's language, with the id of the request."""

import httpx
import pytest

from shared.problems import _STATUSES

LANGUAGES = ["en", "zh-CN,zh;q=0.9"]


def chinese(words: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in words)


def assert_problem(answer: httpx.Response, status: int, slug: str, language: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {
        *("type", "title", "status", "detail", "instance", "request_id", "errors"),
    }
    assert body["type"] == f"urn:terrace:problem:{slug}"
    assert body["status"] == status
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"] != ""
    assert chinese(body["title"]) is chinese(body["detail"]) is language.startswith("zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("method", "path", "content", "status", "slug"),
    [
        ("GET", "/nowhere", None, 404, "not-found"),
        ("DELETE", "/notes", None, 405, "method-not-allowed"),
        ("POST", "/notes", '{"words": "x", "then": "refuse"}', 409, "full"),
        ("POST", "/notes", '{"words": "x", "then": "crash"}', 500, "internal-error"),
        ("POST", "/notes", '{"words": "x", "then": "lose the database"}', 503, "unavailable"),
        ("POST", "/notes", '{"words": 1, "more": 2}', 422, "invalid-input"),
        ("POST", "/notes", "{", 422, "invalid-input"),
        ("POST", "/notes", "x" * 2001, 413, "content-too-large"),
        ("POST", "/mine", '{"words": "x"}', 401, "unauthorized"),
        ("GET", "/notes?cursor=x", None, 422, "unprocessable"),
        ("PUT", "/versioned", None, 428, "if-match-missing"),
    ],
)
async def test_every_error_is_a_problem_in_the_callers_language(
    client: httpx.AsyncClient,
    language: str,
    method: str,
    path: str,
    content: str | None,
    status: int,
    slug: str,
) -> None:
    headers = {"accept-language": language, "content-type": "application/json"}
    answer = await client.request(method, path, content=content, headers=headers)
    assert_problem(answer, status, slug, language)


async def test_the_callers_request_id_is_in_a_500_and_in_a_503(client: httpx.AsyncClient) -> None:
    for then, status in (("crash", 500), ("lose the database", 503)):
        body = {"words": "x", "then": then}
        answer = await client.post("/notes", json=body, headers={"x-request-id": "mine.1"})
        assert answer.status_code == status
        assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine.1"
        assert "mistake" not in answer.text


async def test_each_wrong_field_is_named_in_the_callers_language(client: httpx.AsyncClient) -> None:
    for language, missing, unknown in (
        ("en", "Field required", "Extra inputs are not permitted"),
        ("zh", "缺少此字段", "未知字段,请删除"),
    ):
        headers = {"accept-language": language}
        answer = await client.post("/notes", json={"more": 1}, headers=headers)
        found = {item["field"]: item["message"] for item in answer.json()["errors"]}
        assert found == {"body.words": missing, "body.more": unknown}
        assert "body.words, body.more" in answer.json()["detail"]


async def test_many_wrong_fields_are_not_all_listed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/notes", json={f"f{n}": n for n in range(100)})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 50


async def test_an_unavailable_service_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/notes", json={"words": "x", "then": "lose the database"})
    assert answer.headers["retry-after"] == "1"


def test_every_status_has_words_in_both_languages() -> None:
    for words in _STATUSES.values():
        assert not chinese(words["title"] + words["detail"])
        assert chinese(words["title_zh"])
        assert chinese(words["detail_zh"])
