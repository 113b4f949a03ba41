"""The edge of a route that stores nothing: a rate limit at the door, and no Idempotency-Key.

A kept answer would be a stored one, so the key is not read. The allowance is asked before the body
is, so that a refused caller costs next to nothing.
"""

from fastapi import Request, Response

from services.certification.selftests.allowance import KNOWN, OPEN, Allowance, Rate, network_of
from shared.auth import Subject
from shared.http import Edge, Handler

ALLOWANCE = Allowance()
"""The buckets of this process."""


class OpenEdge(Edge):
    """Runs an open route within the caller's allowance."""

    def get_route_handler(self) -> Handler:
        at_the_edge = super().get_route_handler()

        async def at_the_door(request: Request) -> Response:
            subject = await request.app.state.verifier.subject_of(request)
            ALLOWANCE.take(*bucket_of(request, subject))
            headers = [pair for pair in request.scope["headers"] if pair[0] != b"idempotency-key"]
            return await at_the_edge(
                Request({**request.scope, "headers": headers}, request.receive)
            )

        return at_the_door


def bucket_of(request: Request, subject: Subject | None) -> tuple[str, Rate]:
    """The bucket this request takes from: the token's subject, else the client's address."""
    if subject is not None:
        return f"{subject.role}:{subject.sub}", KNOWN
    return network_of(request.client.host if request.client else None), OPEN
