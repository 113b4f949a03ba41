"""The AsyncAPI document as a page people read: what is published where, field by field.

Pure: a document in, HTML out. No script, and no other host is named in what it adds.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import yaml
from markdown_it import MarkdownIt

Document = Mapping[str, Any]

HEADERS = "RecordHeaders"
_SCHEMAS = "#/components/schemas/"

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/events.css">
</head>
<body>
<nav><a href="/docs">HTTP API</a> <a href="/asyncapi.yaml">AsyncAPI 3.0 (YAML)</a></nav>
{body}
</body>
</html>
"""


def render(document: Document) -> str:
    """The page."""
    info = document["info"]
    parts = [f"<h1>{escape(info['title'])}</h1>", _markdown(info.get("description", ""))]
    parts += _headers(document)
    for name, channel in document["channels"].items():
        parts += _channel(document, name, channel)
    parts += _types(document)
    return _PAGE.format(title=escape(info["title"]), body="\n".join(parts))


def _headers(document: Document) -> Iterator[str]:
    """The record headers, which are the same for every message."""
    for message in _messages(document):
        if "headers" in message:
            schema = _resolved(document, message["headers"])
            yield f'<h2 id="headers">{escape(schema.get("title", "Headers"))}</h2>'
            yield _markdown(schema.get("description", ""))
            yield _fields(document, schema)
            return


def _messages(document: Document) -> Iterator[Document]:
    for channel in document["channels"].values():
        for reference in channel["messages"].values():
            yield _resolved(document, reference)


def _channel(document: Document, name: str, channel: Document) -> Iterator[str]:
    yield f'<h2 id="{escape(name)}">{escape(channel.get("title", name))}'
    yield f" <code>{escape(channel['address'])}</code></h2>"
    yield _markdown(channel.get("description", ""))
    for parameter, about in channel.get("parameters", {}).items():
        yield _markdown(f"`{{{parameter}}}`: {about.get('description', '')}")
    for reference in channel["messages"].values():
        yield from _message(document, _resolved(document, reference))


def _message(document: Document, message: Document) -> Iterator[str]:
    yield f"<h3><code>{escape(message['name'])}</code> {escape(message.get('title', ''))}</h3>"
    yield _markdown(message.get("description", ""))
    yield _fields(document, _resolved(document, message["payload"]))
    for example in message.get("examples", ()):
        yield f"<details><summary>示例 {escape(example.get('name', 'Example'))}</summary>"
        shown = {key: example[key] for key in ("headers", "payload") if key in example}
        text = yaml.safe_dump(shown, allow_unicode=True, sort_keys=False)
        yield f"<pre><code>{escape(text)}</code></pre></details>"


def _types(document: Document) -> Iterator[str]:
    """The types that fields refer to."""
    facts = {message["payload"].get("$ref") for message in _messages(document)}
    yield '<h2 id="types">类型 Types</h2>'
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if schema.get("properties") and name != HEADERS and f"{_SCHEMAS}{name}" not in facts:
            yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
            yield _markdown(schema.get("description", ""))
            yield _fields(document, schema)


def _fields(document: Document, schema: Document) -> str:
    required = set(schema.get("required", ()))
    rows = []
    for name, field in schema.get("properties", {}).items():
        cells = (
            f"<code>{escape(name)}</code>" + ("" if name in required else "?"),
            escape(_first(document, field, "title")),
            _kind(document, field),
            escape(_first(document, field, "description")),
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>字段 Field</th><th>名称 Title</th><th>类型 Type</th><th>说明 Notes</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _kind(document: Document, field: Document) -> str:
    """The type in words, as HTML; a type with fields of its own is a link to them."""
    if "$ref" in field:
        target, name = _resolved(document, field), escape(field["$ref"].rpartition("/")[2])
        return _kind(document, target) if "enum" in target else f'<a href="#{name}">{name}</a>'
    if "enum" in field:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in field["enum"])
    if "anyOf" in field:
        return " | ".join(_kind(document, branch) for branch in field["anyOf"])
    if field.get("type") == "array":
        return f"[{_kind(document, field.get('items', {}))}]"
    kind = escape(str(field.get("format") or field.get("const") or field.get("type", "any")))
    return f"{kind} <code>{escape(field['pattern'])}</code>" if "pattern" in field else kind


def _first(document: Document, field: Document, key: str) -> str:
    """The field's own word, or the one of the type it refers to."""
    if key in field:
        return str(field[key])
    for branch in (field, *field.get("anyOf", ())):
        if "$ref" in branch:
            return str(_resolved(document, branch).get(key, ""))
        if key in branch:
            return str(branch[key])
    return ""


def _resolved(document: Document, node: Document) -> Document:
    """What a local reference points at; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return _resolved(document, found)


def _markdown(text: str) -> str:
    html: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return html
