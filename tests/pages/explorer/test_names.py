"""Names of files: safe on every disk, and no two things have one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis.pages.explorer.names import file_name

SAFE = re.compile(r"[a-z0-9_.~-]{1,80}")


@given(st.text())
def test_any_name_makes_a_safe_one(name):
    found = file_name(name)
    assert SAFE.fullmatch(found)
    assert not found.endswith(".")
    assert found not in (".", "..")
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", found)


@given(st.lists(st.text(max_size=4), unique=True))
def test_no_two_names_share_a_file_even_where_capitals_do_not_count(names):
    assert len({file_name(name).lower() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["features.12.expand3x3", "cat_01", "_relu0", "a-b"])
def test_plain_names_stay(name):
    assert file_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "CON", "nul.txt", "x" * 300, "a~b", "\udc80"]
)
def test_others_are_told_apart_by_a_digest(name):
    assert re.search(r"~[0-9a-f]{12}$", file_name(name))
