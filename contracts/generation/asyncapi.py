"""The AsyncAPI 3.0 page: what a bank engineer reads, and nobody else has to explain.

Owns the form of the document and the description of the record headers. The facts, topics and
their words come from the contracts; the guide is `guide.md`.
"""

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

from contracts.examples import FURTHER
from contracts.fact import Fact, Topic
from contracts.generation.examples import INSTANT, example_of
from contracts.generation.schemas import Schema, wire_schema
from contracts.generation.topics import facts_on, topics_of

Part = dict[str, Any]

CONTENT_TYPE = "application/json"
KAFKA_BINDING = "0.5.0"
_HEADER_TEXTS = {
    "ce_specversion": ("CloudEvents 版本 version", "1.0"),
    "ce_id": (
        "事件编号 Event id. 同一事件重复送达时不变 the same when an event is delivered again.",
        "0192a1c0-7b1e-7c1f-9d0a-3f2b1c4d5e6f",
    ),
    "ce_source": ("发布者 Who publishes; one per topic.", None),
    "ce_type": ("事件类型 Type of the event.", None),
    "ce_subject": ("主体 What it is about; the same as the record's key.", None),
    "ce_time": ("发生时刻 When it happened, RFC 3339.", INSTANT),
    "ce_correlationid": ("关联编号 Id of the request that led here.", "c6f1f0a2-…"),
    "ce_traceparent": ("追踪 W3C trace context.", None),
    "content-type": ("值的格式 Format of the value.", CONTENT_TYPE),
}
_WHO = (
    "用户 `bank-<银行代码>`,密码由平台运营方提供,消费组名以 `<银行代码>-` 开头;本机试用无需登录。"
    " User `bank-<bank code>` with the password the operator gives; groups begin with"
    " `<bank code>-`. The local stack asks for none."
)
_ALWAYS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time")


def asyncapi(facts: dict[str, type[Fact]]) -> Part:
    """The document. Topics that outsiders read come first."""
    topics = sorted(topics_of(facts), key=lambda topic: ("{" not in topic.name, topic.name))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "梯田 Terrace: 事件 Events",
            "version": "1",
            "description": (Path(__file__).parent / "guide.md").read_text("utf-8"),
            "license": {"name": "Apache-2.0"},
            "tags": [{"name": owner} for owner in sorted({topic.owner for topic in topics})],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "region": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "地区平台的 Kafka The Kafka of the region's platform.",
                "variables": {
                    "bootstrap": {"description": "地址由平台运营方提供 The operator names it."}
                },
                "security": [{"type": "scramSha512", "description": _WHO}],
            }
        },
        "channels": {_channel_id(topic): _channel(topic, facts) for topic in topics},
        "operations": {
            f"{'write' if topic.outsiders else 'publish'}.{name}": _operation(fact, name)
            for topic in topics
            for name, fact in facts.items()
            if fact.contract.topic == topic
        },
        "components": {
            "messages": {name: _message(fact) for name, fact in facts.items()},
            "schemas": _schemas(facts),
        },
    }


def _channel_id(topic: Topic) -> str:
    return topic.name.replace("{", "").replace("}", "")


def _channel(topic: Topic, facts: dict[str, type[Fact]]) -> Part:
    kept = (
        "压缩:每个键保留最新快照。Compacted: the latest snapshot of each key is kept; tombstones"
        f" for {topic.tombstone_days} days." + _prompt(topic)
        if topic.compacted
        else f"保留 {topic.retention_days} 天 Kept for {topic.retention_days} days, not compacted."
    )
    names = facts_on(topic, facts)
    channel: Part = {
        "address": topic.name,
        "title": topic.title,
        "description": f"{_writer(topic)} {kept} `ce_source` = `{topic.source}`.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "tags": [{"name": topic.owner}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _binding_config(topic),
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }
    if parameters := dict(_parameters(topic, names, facts)):
        channel["parameters"] = parameters
    return channel


def _writer(topic: Topic) -> str:
    if topic.outsiders:
        return "由该银行写入,平台读取 Written by that bank alone, read by the platform."
    return f"发布者 Published by `{topic.owner}`."


def _prompt(topic: Topic) -> str:
    if topic.compaction_hours is None:
        return ""
    hours = topic.compaction_hours
    return (
        f" 分段 {hours} 小时,被新记录取代的内容随后删除。"
        f"Segments end after {hours} hours; what a newer record replaced is then deleted."
    )


def _binding_config(topic: Topic) -> Part:
    """The topic's settings in the types the Kafka binding takes."""
    config: Part = {
        name: int(value) if name.endswith(".ms") else float(value)
        for name, value in topic.config().items()
        if name != "cleanup.policy"
    }
    return {"cleanup.policy": [topic.config()["cleanup.policy"]], **config}


def _parameters(
    topic: Topic, names: list[str], facts: dict[str, type[Fact]]
) -> Iterator[tuple[str, Part]]:
    properties = wire_schema(facts[names[0]])["properties"]
    for _, field, _, _ in Formatter().parse(topic.name):
        if field:
            about = properties[field]
            yield (
                field,
                {
                    "description": f"{about.get('title', field)} `{about.get('pattern', '')}`",
                    "examples": about.get("examples", []),
                    "location": f"$message.payload#/{field}",
                },
            )


def _operation(fact: type[Fact], name: str) -> Part:
    topic = fact.contract.topic
    channel = f"#/channels/{_channel_id(topic)}"
    return {
        "action": "receive" if topic.outsiders else "send",
        "title": f"{topic.owner} → {topic.name}",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"}],
    }


def _message(fact: type[Fact]) -> Part:
    contract = fact.contract
    key = wire_schema(fact)["properties"][contract.key]
    audience = ", ".join(sorted(contract.audience)) or "internal"
    return {
        "name": contract.name,
        "title": fact.__name__,
        "description": f"{fact.__doc__ or ''}\n\n可见范围 Audience: {audience}.",
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/RecordHeaders"},
        "payload": {"$ref": f"#/components/schemas/{fact.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}},
        "x-key": contract.key,
        "x-audience": sorted(contract.audience),
        "examples": list(_examples(fact)),
    }


def _examples(fact: type[Fact]) -> Iterator[Part]:
    further = FURTHER.get(fact.contract.name, {})
    for name, values in {"snapshot": None, **further}.items():
        payload = example_of(fact, values)
        made = fact.model_validate(payload)
        texts = {key: text for key, (_, text) in _HEADER_TEXTS.items() if text and "…" not in text}
        headers = texts | {
            "ce_source": fact.contract.topic.source.format(**payload),
            "ce_type": fact.contract.name,
            "ce_subject": made.key,
        }
        yield {"name": name, "headers": headers, "payload": payload}


def _schemas(facts: dict[str, type[Fact]]) -> Part:
    """Every model once. Raises ValueError when two models share a name and differ."""
    found: Part = {"RecordHeaders": _headers()}
    for fact in facts.values():
        schema = wire_schema(fact)
        parts = {**schema.pop("$defs", {}), fact.__name__: schema}
        for name, part in parts.items():
            for mark in ("$schema", "$id"):
                part.pop(mark, None)
            moved = _moved(part)
            if found.setdefault(name, moved) != moved:
                raise ValueError(f"Two models are named {name}; name one of them differently.")
    return found


def _headers() -> Schema:
    properties = {
        name: {"type": "string", "description": about} for name, (about, _) in _HEADER_TEXTS.items()
    }
    properties["ce_specversion"]["const"] = "1.0"
    properties["content-type"]["const"] = CONTENT_TYPE
    return {
        "type": "object",
        "title": "记录头 Record headers",
        "description": "CloudEvents 1.0, Kafka 绑定二进制模式 Kafka binding, binary mode.",
        "properties": properties,
        "required": list(_ALWAYS),
    }


def _moved(node: Any) -> Any:
    """The node with references into the document's own components."""
    if isinstance(node, list):
        return [_moved(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/components/schemas/")
        if key == "$ref" and isinstance(value, str)
        else _moved(value)
        for key, value in node.items()
    }
