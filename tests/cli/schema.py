"""As much of JSON Schema (draft 4) as the schema of SARIF uses; a keyword that is not known here is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}
_ABOUT = {"$schema", "id", "title", "description", "default", "definitions"}
_CHECKED = {
    "$ref", "type", "enum", "pattern", "format", "minimum", "maximum", "minItems", "uniqueItems", "items", "required",
    "properties", "additionalProperties", "anyOf", "oneOf",
}  # fmt: skip


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Where and how a JSON value breaks a schema."""
    assert set(schema) <= _ABOUT | _CHECKED, set(schema)
    if "$ref" in schema:  # in draft 4 it stands alone
        yield from violations(value, _resolve(schema["$ref"], root), root, path)
        return
    if not _has_type(value, schema.get("type")):
        yield f"{path}: {value!r:.80} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r:.80} is none of {schema['enum']}"
    for keyword, test in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
        if keyword in schema and not test(sum(not [*violations(value, part, root, path)] for part in schema[keyword])):
            yield f"{path}: not {keyword}"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{path}: {value!r:.80} does not match {schema['pattern']}"
        if "format" in schema and not _has_format(value, schema["format"]):
            yield f"{path}: {value!r:.80} is no {schema['format']}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{path}: {value} is out of range"
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: fewer than {schema['minItems']} items"
        if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
            yield f"{path}: the same item twice"
        for index, item in enumerate(value):
            yield from violations(item, schema.get("items", {}), root, f"{path}[{index}]")
    elif isinstance(value, dict):
        yield from (f"{path}: no {name}" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if inner is False:
                yield f"{path}: {name} is unknown"
            elif inner is not True:
                yield from violations(item, inner, root, f"{path}.{name}")


def _resolve(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _has_type(value: Any, wanted: str | list[str] | None) -> bool:
    if wanted is None or isinstance(wanted, list):
        return wanted is None or any(_has_type(value, one) for one in wanted)
    if wanted in ("integer", "number"):
        return isinstance(value, int if wanted == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[wanted])


def _has_format(value: str, wanted: str) -> bool:
    if wanted == "date-time":
        return bool(datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo)
    assert wanted in ("uri", "uri-reference"), wanted
    parts = urlsplit(value)
    return bool(re.fullmatch(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*", value)) and (
        wanted != "uri" or bool(parts.scheme)
    )
