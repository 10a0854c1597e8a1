"""A class is found by its name or its index, and nothing else is taken for one."""

import pytest

from cnnvis import classes
from cnnvis.errors import ConfigError


def test_there_are_a_thousand_different_classes():
    names = classes.names_of("imagenet")
    assert len(names) == len(set(names)) == 1000
    assert [classes.index_of(name) for name in names] == list(range(1000))


@pytest.mark.parametrize("given", ["Egyptian cat", "egyptian CAT", "285", 285, " Egyptian cat "])
def test_a_class_is_found_by_name_or_index(given):
    assert classes.index_of(given) == 285


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("CARDIGAN", "264.*and 474.*give the index"),
        ("Egyptian cta", "did you mean 'Egyptian cat'"),
        (1000, "from 0 to 999"),
        ("-1", "from 0 to 999"),
        (True, "True is no class"),
        ("", "is no class"),
    ],
)
def test_an_unknown_or_ambiguous_class_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        classes.index_of(given)


def test_two_names_that_differ_in_case_only_are_both_found():
    assert classes.index_of("Cardigan") == 264
    assert classes.index_of("cardigan") == 474


def test_own_classes_have_the_names_of_their_file(tmp_path):
    file = tmp_path / "names.txt"
    file.write_text("cat\ndog\n")
    assert classes.names_of(str(file)) == ("cat", "dog")
    assert classes.index_of("dog", str(file)) == 1
    with pytest.raises(ConfigError, match=r"no class 2.*from 0 to 1"):
        classes.index_of(2, str(file))


@pytest.mark.parametrize("wanted", ["top", "top0", "top-1", "top1.5", "top hat", 1, "12"])
def test_only_top_and_a_count_ask_for_the_best_classes(wanted):
    assert classes.best_count("top12") == 12
    assert classes.best_count(wanted) is None


def test_classes_without_names_are_numbers():
    assert classes.names_of(None) == ()
    assert classes.index_of(7, None) == 7
    with pytest.raises(ConfigError, match=r"'cat'.*have no names"):
        classes.index_of("cat", None)


def test_a_missing_file_of_names_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing.txt"):
        classes.names_of(str(tmp_path / "nothing.txt"))
