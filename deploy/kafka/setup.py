"""Makes users, topics and rights on the broker as the contracts say. Run at every start.

A service may write and make its own topics, read those its handlers name, and join the group of
its name; a bank reads what is addressed to it. Rights that no contract asks for any more are
taken away; topics that exist stay as they are.

Reads `topics.yaml` and `consumers.yaml` (contracts/generated) beside it, and passwords from
files: `services/<service>/terrace_kafka_password`, `banks/<code>`, `kafka/admin_password`.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its types forget these
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

TOPIC_EXISTS = "TOPIC_ALREADY_EXISTS"
ITERATIONS = 8192
TIMEOUT_S = 60


@dataclass(frozen=True)
class Right:
    """One operation on a topic or group; a prefix stands for every name that begins with it."""

    kind: ResourceType
    name: str
    operation: AclOperation
    prefixed: bool = False


class Contracts:
    """What the generated files say of topics and their readers."""

    def __init__(self, directory: Path) -> None:
        self.topics: list[dict[str, Any]] = _yaml(directory / "topics.yaml")
        self.consumers: dict[str, list[str]] = _yaml(directory / "consumers.yaml")

    def fixed_topics(self) -> Iterable[dict[str, Any]]:
        """Topics with one name; those with a field in it are made when they are first written."""
        return (topic for topic in self.topics if "{" not in topic["name"])

    def rights_of_service(self, service: str) -> set[Right]:
        """Write and make its own topics, read those it handles, join its group."""
        own = [topic["name"] for topic in self.topics if topic["owner"] == service]
        rights = {_on_topic(name, AclOperation.WRITE) for name in own}
        rights |= {_on_topic(name, AclOperation.CREATE) for name in own}
        rights |= {_on_topic(name, AclOperation.READ) for name in self.consumers.get(service, ())}
        return rights | {Right(ResourceType.GROUP, service, AclOperation.READ)}

    def rights_of_bank(self, code: str) -> set[Right]:
        """Read the bank's own topics, in groups whose names begin with its code."""
        return {
            Right(ResourceType.TOPIC, f"bank.{code}.", AclOperation.READ, prefixed=True),
            Right(ResourceType.GROUP, f"{code}-", AclOperation.READ, prefixed=True),
        }


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def _on_topic(name: str, operation: AclOperation) -> Right:
    literal, field, _ = name.partition("{")
    return Right(ResourceType.TOPIC, literal, operation, prefixed=bool(field))


def passwords(secrets: Path) -> dict[str, tuple[str, str]]:
    """User to (password, kind): services under their names, banks as `bank-<code>`."""
    found = {
        path.parent.name: (path.read_text("utf-8").strip(), "service")
        for path in sorted((secrets / "services").glob("*/terrace_kafka_password"))
    }
    for path in sorted((secrets / "banks").glob("[!.]*")):
        found[f"bank-{path.name}"] = (path.read_text("utf-8").strip(), "bank")
    return found


def make_users(admin: AdminClient, users: dict[str, tuple[str, str]]) -> None:
    """Every user with the password of its file; a changed password takes effect."""
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    asked = admin.alter_user_scram_credentials(
        [
            UserScramCredentialUpsertion(user, how, password.encode())
            for user, (password, _) in users.items()
        ]
    )
    for future in asked.values():
        future.result(TIMEOUT_S)


def make_topics(admin: AdminClient, topics: Iterable[dict[str, Any]]) -> None:
    """The topics that do not exist."""
    wanted = [
        NewTopic(topic["name"], num_partitions=topic["partitions"], config=topic["config"])
        for topic in topics
    ]
    for future in admin.create_topics(wanted).values():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].name() != TOPIC_EXISTS:
                raise


def make_rights(admin: AdminClient, rights: dict[str, set[Right]]) -> None:
    """Give each user exactly these rights."""
    for user, wanted in rights.items():
        principal = f"User:{user}"
        bindings = {_binding(right, principal) for right in wanted}
        held = set(admin.describe_acls(_every_right_of(principal)).result(TIMEOUT_S))
        if missing := bindings - held:
            for made in admin.create_acls(list(missing)).values():
                made.result(TIMEOUT_S)
        if extra := held - bindings:
            for gone in admin.delete_acls([_filter(binding) for binding in extra]).values():
                gone.result(TIMEOUT_S)


def _binding(right: Right, principal: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    allow = AclPermissionType.ALLOW
    return AclBinding(right.kind, right.name, pattern, principal, "*", right.operation, allow)


def _every_right_of(principal: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # None stands for every name
        ResourcePatternType.ANY,
        principal,
        None,  # type: ignore[arg-type]  # and for every host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def main() -> None:
    secrets = Path(os.environ.get("SECRETS", "/run/secrets"))
    contracts = Contracts(Path(__file__).parent)
    users = passwords(secrets)
    if missing := contracts.consumers.keys() - users.keys():
        sys.exit(f"No Kafka password for {', '.join(sorted(missing))}: run deploy/secrets.sh.")
    admin = AdminClient(
        {
            "bootstrap.servers": os.environ["KAFKA"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": (secrets / "kafka/admin_password").read_text("utf-8").strip(),
        }
    )
    make_users(admin, users)
    make_topics(admin, contracts.fixed_topics())
    rights = {
        user: contracts.rights_of_service(user)
        if kind == "service"
        else contracts.rights_of_bank(user.removeprefix("bank-"))
        for user, (_, kind) in users.items()
    }
    make_rights(admin, rights)
    print(f"{len(users)} users and {len(contracts.topics)} topics are as the contracts say")


if __name__ == "__main__":
    main()
