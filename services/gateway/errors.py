"""Errors of the gateway: what it says when a service does not answer.

DomainError ├── ServiceUnreachable   503, the service is down or restarting
            ├── ServiceTooSlow       504, no answer within the time limit
            └── ServiceAnsweredBadly 502, what came back is not HTTP
"""

from shared.errors import DomainError

_AGAIN = " Try again in a moment, a write with the same Idempotency-Key."
_AGAIN_ZH = "请稍后重试，写操作请使用相同的 Idempotency-Key。"


class ServiceUnreachable(DomainError):
    """The service is down or restarting."""

    status = 503
    slug = "unavailable"
    title = "Not available now"
    title_zh = "暂时不可用"

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The {service} service does not answer now.{_AGAIN}",
            f"{service} 服务暂时无应答。{_AGAIN_ZH}",
            headers={"Retry-After": "1"},
        )


class ServiceTooSlow(DomainError):
    """The service gave no answer within the time limit."""

    status = 504
    slug = "gateway-timeout"
    title = "A service took too long"
    title_zh = "服务超时"

    def __init__(self, service: str, timeout_s: float) -> None:
        super().__init__(
            f"The {service} service gave no answer within {timeout_s:g} s.{_AGAIN}",
            f"{service} 服务在 {timeout_s:g} 秒内未应答。{_AGAIN_ZH}",
        )


class ServiceAnsweredBadly(DomainError):
    """What the service sent is not an HTTP answer."""

    status = 502
    slug = "bad-gateway"
    title = "A service answered badly"
    title_zh = "服务应答异常"

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The answer of the {service} service could not be read.{_AGAIN}",
            f"无法读取 {service} 服务的应答。{_AGAIN_ZH}",
        )
