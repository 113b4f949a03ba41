"""Signatures: the specification's vector, both public libraries, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from svix.webhooks import Webhook as SvixWebhook

from services.webhook.signing import NotVerified, new_secret, signature_headers, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
VECTOR_BODY = '{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def now() -> datetime:
    return datetime.now(UTC)


def headers(
    secret: str, body: str, at: datetime | None = None, id_: str = "msg_1"
) -> dict[str, str]:
    return signature_headers([Webhook(secret)], id_, at or now(), body)


def test_the_specifications_vector_is_met() -> None:
    made = headers(SECRET, VECTOR_BODY, VECTOR_AT, VECTOR_ID)
    assert made == {
        "webhook-id": VECTOR_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": VECTOR_SIGNATURE,
    }


@pytest.mark.parametrize("library", [Webhook, SvixWebhook])
@given(body=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_ours_is_verified_by_theirs_and_theirs_by_ours(
    library: type[Webhook] | type[SvixWebhook], body: str
) -> None:
    import json

    secret, text = new_secret(), json.dumps({"said": body}, ensure_ascii=False)
    library(secret).verify(text.encode(), headers(secret, text))
    at = now()
    theirs = {
        "webhook-id": "msg_theirs",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": library(secret).sign("msg_theirs", at, text),
    }
    assert verify([secret], theirs, text.encode()) == "msg_theirs"


def test_each_valid_secret_signs_and_any_of_them_verifies() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    made = signature_headers([Webhook(new), Webhook(old)], "msg_1", now(), "{}")
    for secret in (old, new):
        Webhook(secret).verify("{}", made)
        assert verify([other, secret], made, b"{}") == "msg_1"
    with pytest.raises(NotVerified):
        verify([other], made, b"{}")


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "msg.1"},
        {"webhook-id": "m" * 300},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "١٢٣"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,!!!,x"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTt/tmKtSyEyNlJOPl4rC7eDnyGo2dI="},
        {"webhook-signature": "v1,g0hM9SsE+OTPJTt/tmKtSyEyNlJOPl4rC7eDnyGo2dI="},
        {"webhook-signature": "v1a,ZWQyNTUxOQ=="},
    ],
)
def test_changed_headers_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(NotVerified):
        verify([SECRET], {**headers(SECRET, "{}"), **changes}, b"{}")


@pytest.mark.parametrize("body", [b"", b"{ }", b'{"a":1}', b"\xff\xfe"])
def test_changed_body_is_refused(body: bytes) -> None:
    with pytest.raises(NotVerified):
        verify([SECRET], headers(SECRET, "{}"), body)


@pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=-1)])
def test_late_and_early_messages_are_refused(off: timedelta) -> None:
    with pytest.raises(NotVerified, match=r"too (old|new)"):
        verify([SECRET], headers(SECRET, "{}", now() + off), b"{}")


def test_messages_within_the_tolerance_are_taken() -> None:
    for minutes in (-4, 0, 4):
        signed = headers(SECRET, "{}", now() + timedelta(minutes=minutes))
        assert verify([SECRET], signed, b"{}") == "msg_1"


def test_without_a_secret_nothing_verifies() -> None:
    with pytest.raises(NotVerified):
        verify([], headers(SECRET, "{}"), b"{}")
