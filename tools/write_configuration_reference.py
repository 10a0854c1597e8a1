"""Write docs/reference/configuration.md from the schema of the configuration.

Run it after a change of the schema: ``make reference``. A test fails until the two agree.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cnnvis.files import write_text

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
PAGE = ROOT / "docs/reference/configuration.md"

HEAD = """# Configuration

*Made from `workflow/schemas/config.schema.yaml` by `make reference`; do not edit it here.*

{description}
Snakemake takes `config.yaml`; `--configfile FILE --replace-workflow-config` takes another file in
its place, and `--config` changes single keys. `[]` stands for every item of a list.

| key | what it says | values | default |
|---|---|---|---|
"""


def page(schema: Mapping[str, Any]) -> str:
    """Return the reference as Markdown: one row per key."""
    head = HEAD.format(description=schema["description"].strip())
    return head + "".join(f"{row}\n" for row in _rows(schema, ""))


def _rows(rules: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, rule in rules.get("properties", {}).items():
        needed = key in rules.get("required", [])
        yield _row(f"{path}{key}", rule, needed)
        yield from _rows(rule, f"{path}{key}.")
        yield from _rows(rule.get("items", {}), f"{path}{key}[].")


def _row(path: str, rule: Mapping[str, Any], needed: bool) -> str:
    cells = (f"`{path}`", rule["description"].strip(), _values(rule), _default(rule, needed))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _values(rule: Mapping[str, Any]) -> str:
    if "enum" in rule:
        return ", ".join(f"`{value}`" for value in rule["enum"])
    if "oneOf" in rule:
        return " or ".join(map(_values, rule["oneOf"]))
    if "const" in rule:
        return f"`{rule['const']}`"
    kind = rule.get("type", "anything")
    kinds = kind if isinstance(kind, list) else [kind]
    text = " or ".join(_NAMES.get(name, name) for name in kinds) + _bounds(rule)
    inner = rule.get("items", {})
    if kind == "array" and "properties" not in inner:
        return f"list of {_values(inner)}"
    return text


_NAMES = {
    "integer": "whole number",
    "string": "text",
    "null": "null",
    "object": "keys below",
    "array": "list, keys below",
}
_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _bounds(rule: Mapping[str, Any]) -> str:
    return "".join(f" {sign} {rule[key]}" for key, sign in _SIGNS.items() if key in rule)


def _default(rule: Mapping[str, Any], needed: bool) -> str:
    if needed:
        return "**needed**"
    if "default" not in rule or rule["default"] == {}:
        return ""
    default = rule["default"]
    if isinstance(default, list):
        return "`[" + ", ".join(map(str, default)) + "]`"
    words = {None: "null", True: "true", False: "false"}
    special = default is None or isinstance(default, bool)
    return f"`{words[default] if special else default}`"


if __name__ == "__main__":
    write_text(PAGE, page(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))))
