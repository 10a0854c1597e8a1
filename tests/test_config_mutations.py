"""However a configuration is broken, it is refused with the key, or it is a study."""

from copy import deepcopy
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import config
from cnnvis.errors import ConfigError

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())

#: Values that YAML can hold: numbers of every kind, words that mean something elsewhere, nothing.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**12),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "all", "none", "../x", "=1+1", "top0", "top99999", "Egyptian cat", "🐈"]),
    st.text(max_size=8),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def paths(value, above=()):
    """Yield the path of every value of a configuration."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*above, key)
        if isinstance(item, dict | list):
            yield from paths(item, (*above, key))


def full():
    """Return the default configuration with every default of the schema said."""
    rules = yaml.safe_load(SCHEMA.read_text())
    return config.with_defaults(DEFAULT, rules)


FULL = full()
PATHS = sorted(set(paths(FULL)), key=str)


@st.composite
def mutated(draw):
    """Return a configuration with one thing changed, and the keys that this is about."""
    settings_, path = deepcopy(FULL), draw(st.sampled_from(PATHS))
    place = settings_
    for step in path[:-1]:
        place = place[step]
    last, keys = path[-1], [str(step) for step in path]
    kind = draw(st.sampled_from(["value", "removed", "added", "renamed", "twice"]))
    if kind == "value":
        place[last] = draw(VALUES)
    elif kind == "removed":
        del place[last]
    elif kind == "twice" and isinstance(place, list):
        place.append(deepcopy(place[last]))
    elif isinstance(place, dict):
        name = draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6))
        place[name] = place.pop(last) if kind == "renamed" else draw(VALUES)
        keys.append(name)
    else:
        place.append(draw(VALUES))
    return settings_, keys


@settings(max_examples=600, deadline=None, derandomize=True)
@given(mutated())
def test_a_changed_configuration_is_refused_by_its_key_or_is_a_study(change):
    changed, keys = change
    try:
        config.load(changed, SCHEMA)
    except ConfigError as error:
        message = str(error)
        assert "\n" not in message.strip()
        assert "Traceback" not in message
        named = [key for key in keys if key and (key in message or repr(key)[1:-1] in message)]
        assert named or keys[0] in message, f"{message!r} names none of {keys}"
