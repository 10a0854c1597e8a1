"""Words that fit."""

from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis.figures.lettering import shortened, text_width, wrapped

texts = st.lists(st.text("abcWiM.-", min_size=1, max_size=25), max_size=12).map(" ".join)
widths = st.floats(0.3, 4)
#: Letters move together a little at the ends of words: a line is measured as the sum of its words.
NEAR = 1.005


@settings(max_examples=50, deadline=None)
@given(texts, widths)
def test_wrapped_lines_fit_and_keep_every_letter(text, width):
    lines = wrapped(text, width, 7).split("\n")
    assert all(text_width(line, 7) <= width * NEAR for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@settings(max_examples=50, deadline=None)
@given(texts, widths)
def test_lines_are_not_broken_too_early(text, width):
    words = text.split()
    starts = dict(zip(accumulate(map(len, words), initial=0), words))  # by letters before it
    lines = wrapped(text, width, 7).split("\n")
    ends = accumulate(len(line.replace(" ", "")) for line in lines)
    for line, end in zip(lines[:-1], ends):
        if end in starts:  # the next line begins with a word, not with the rest of a broken one
            assert text_width(f"{line} {starts[end]}", 7) > width / NEAR


@settings(max_examples=50, deadline=None)
@given(texts, widths)
def test_shortened_text_fits_and_keeps_its_ends(text, width):
    short = shortened(text, width, 7)
    assert text_width(short, 7) <= width
    if short != text:
        head, tail = short.split("…")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head) - len(tail) in (0, 1)
        assert text_width(text, 7) > width


def test_bold_letters_are_wider_and_sizes_scale():
    assert text_width("channel", 7, bold=True) > text_width("channel", 7)
    assert abs(text_width("channel", 14) - 2 * text_width("channel", 7)) < 0.02
