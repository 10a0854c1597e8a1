"""Tables come back as they were written, and no cell of them is computed by a spreadsheet."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import table_file

WORDS = st.text(max_size=8) | st.text("='+-@\t\n１＝a1.", max_size=5)


@given(WORDS)
def test_every_word_comes_back_and_begins_no_formula(word):
    written = table_file.guarded(word)
    assert table_file.plain(written) == word
    if written == word and word[:1] in ("=", "+", "-", "@"):
        float(word)


@pytest.mark.parametrize("number", ["-1", "+1.5", "-1e-9", "-inf", "1"])
def test_a_number_stays_a_number(number):
    assert table_file.guarded(number) == number


def test_what_is_no_text_is_left_alone(tmp_path):
    table = pd.DataFrame({
        "name": pd.Series(["=a", None, 3], dtype=object),
        "count": pd.Series([1, 2, 3], dtype=object),
        "value": [np.nan, -0.5, 1e-12],
        "yes": [True, False, True],
    })  # fmt: skip
    before = table.copy(deep=True)
    table_file.write(tmp_path / "a.tsv", table)
    pd.testing.assert_frame_equal(table, before)
    assert (tmp_path / "a.tsv").read_text() == (
        "name\tcount\tvalue\tyes\n'=a\t1\t\tTrue\n\t2\t-0.5\tFalse\n3\t3\t1e-12\tTrue\n"
    )


def test_a_table_without_formulas_is_written_as_pandas_writes_it(tmp_path):
    table = pd.DataFrame({"name": ["a", "it's", "-"], "value": [1, 2, 3]})
    table_file.write(tmp_path / "a.tsv", table.iloc[:2])
    assert (tmp_path / "a.tsv").read_text() == "name\tvalue\na\t1\nit's\t2\n"


def test_rows_are_read_without_pandas(tmp_path):
    table_file.write(tmp_path / "a.tsv", pd.DataFrame({"name": ["@a", "NA"], "value": [1.5, None]}))
    assert table_file.rows(tmp_path / "a.tsv") == [
        {"name": "@a", "value": "1.5"},
        {"name": "NA", "value": ""},
    ]


def test_a_table_that_pandas_has_read_is_restored(tmp_path):
    table = pd.DataFrame({"name": ["=a", "b"], "value": [1.5, 2.5]})
    table_file.write(tmp_path / "a.tsv", table)
    read = pd.read_csv(tmp_path / "a.tsv", sep="\t")
    assert list(read["name"]) == ["'=a", "b"]
    assert table_file.restored(read).to_dict("list") == table.to_dict("list")
