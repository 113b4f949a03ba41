"""Makes users, topics and rights on the broker as the contracts say. Run at every start.

A service may write and make its own topics, read those its handlers name, and join the group of
its name; a bank reads what is addressed to it and writes its decisions. Rights that no contract
asks for any more are taken away. A topic that exists gets the settings of its contract and keeps
its partitions.

Reads beside it `topics.yaml` and `consumers.yaml` (contracts/generated) and the known banks
(shared/reference), and passwords from files: `services/<service>/terrace_kafka_password`,
`banks/<code>`, `kafka/admin_password`.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
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
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

BANK = "bank"
TOPIC_EXISTS = "TOPIC_ALREADY_EXISTS"
ITERATIONS = 8192
TIMEOUT_S = 60
LOOK_EVERY_S = 0.2


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
        self.banks = [bank["code"] for bank in _yaml(directory / "banks.yaml")["banks"]]

    def settings(self) -> dict[str, dict[str, Any]]:
        """Every topic by its name; those of banks once for each bank."""
        return {name: topic for topic in self.topics for name in self._names(topic["name"])}

    def rights_of_service(self, service: str) -> set[Right]:
        """Write and make its own topics, read those it handles, join its group."""
        own = [topic["name"] for topic in self.topics if topic["owner"] == service]
        read = self.consumers.get(service, ())
        return {
            *self._on(own, AclOperation.WRITE),
            *self._on(own, AclOperation.CREATE),
            *self._on(read, AclOperation.READ),
            Right(ResourceType.GROUP, service, AclOperation.READ),
        }

    def rights_of_bank(self, code: str) -> set[Right]:
        """Read the bank's own topics in groups that begin with its code; write its decisions."""
        written = [topic["name"] for topic in self.topics if topic["owner"] == BANK]
        return {
            Right(ResourceType.TOPIC, f"bank.{code}.", AclOperation.READ, prefixed=True),
            Right(ResourceType.GROUP, f"{code}-", AclOperation.READ, prefixed=True),
            *self._on([name.format(bank=code) for name in written], AclOperation.WRITE),
        }

    def _names(self, name: str) -> list[str]:
        """The topic's name, or one for each bank: a prefix would reach what the bank writes."""
        return [name.format(bank=code) for code in self.banks] if "{" in name else [name]

    def _on(self, topics: Iterable[str], operation: AclOperation) -> Iterator[Right]:
        for topic in topics:
            for name in self._names(topic):
                yield Right(ResourceType.TOPIC, name, operation)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


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


def make_topics(admin: AdminClient, topics: dict[str, dict[str, Any]]) -> None:
    """The topics that do not exist; those that do get the settings of their contract."""
    wanted = [
        NewTopic(name, num_partitions=topic["partitions"], config=topic["config"])
        for name, topic in topics.items()
    ]
    existing = []
    for name, future in admin.create_topics(wanted).items():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].name() != TOPIC_EXISTS:
                raise
            existing.append(name)
    if changes := [_settings(name, topics[name]["config"]) for name in existing]:
        for future in admin.incremental_alter_configs(changes).values():
            future.result(TIMEOUT_S)


def _settings(topic: str, config: dict[str, str]) -> ConfigResource:
    change = AlterConfigOpType.SET
    entries = [
        ConfigEntry(key, value, incremental_operation=change) for key, value in config.items()
    ]
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)


def make_rights(admin: AdminClient, rights: dict[str, set[Right]]) -> None:
    """Give each user exactly these rights, and wait until the broker goes by them."""
    wanted = {
        principal: {_binding(right, principal) for right in rights_of_user}
        for user, rights_of_user in rights.items()
        for principal in [f"User:{user}"]
    }
    for principal, bindings in wanted.items():
        held = _held(admin, principal)
        if missing := bindings - held:
            for made in admin.create_acls(list(missing)).values():
                made.result(TIMEOUT_S)
        if extra := held - bindings:
            for gone in admin.delete_acls([_filter(binding) for binding in extra]).values():
                gone.result(TIMEOUT_S)
    deadline = time.monotonic() + TIMEOUT_S
    while any(_held(admin, principal) != bindings for principal, bindings in wanted.items()):
        if time.monotonic() > deadline:
            sys.exit(f"The broker does not go by the rights it was given within {TIMEOUT_S} s.")
        time.sleep(LOOK_EVERY_S)


def _held(admin: AdminClient, principal: str) -> set[AclBinding]:
    """The rights the broker goes by; it learns of a change a moment after it was made."""
    return set(admin.describe_acls(_every_right_of(principal)).result(TIMEOUT_S))


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
    make_topics(admin, contracts.settings())
    rights = {
        user: contracts.rights_of_service(user)
        if kind == "service"
        else contracts.rights_of_bank(user.removeprefix("bank-"))
        for user, (_, kind) in users.items()
    }
    make_rights(admin, rights)
    print(f"{len(users)} users and {len(contracts.settings())} topics are as the contracts say")


if __name__ == "__main__":
    main()
