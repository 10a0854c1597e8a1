"""Lines about long work: none of short work, one every ten seconds, one at the end."""

import io

from cnnvis import progress


def watched(seconds, items, **options):
    """Return what is written while a clock shows these seconds."""
    stream, clock = io.StringIO(), iter(seconds)
    watch = progress.Lines("job", [stream], clock=lambda: next(clock), **options)
    assert list(watch(items, "photos")) == items
    return stream.getvalue().splitlines()


def test_short_work_says_nothing():
    assert watched([0, 0, 1, 2], ["a", "b"]) == []


def test_long_work_says_how_far_it_is_how_fast_and_how_long_it_will_take():
    assert watched([0, 0, 4, 12, 15, 30], ["a", "b", "c", "d"]) == [
        "job: photos 2 of 4, 0.17 a second, about 12 s left",
        "job: photos 4 of 4 in 30 s",
    ]


def test_lines_are_apart_and_of_several_streams():
    streams = [io.StringIO(), io.StringIO()]
    clock = iter([0, 0, 200, 201, 400, 400])
    watch = progress.Lines("", streams, every=100, clock=lambda: next(clock))
    list(watch(range(4), "maps"))
    expected = (
        "maps 1 of 4, 0.005 a second, about 10 min 0 s left\n"
        "maps 3 of 4, 0.0075 a second, about 2 min 13 s left\n"
        "maps 4 of 4 in 6 min 40 s\n"
    )
    assert [stream.getvalue() for stream in streams] == [expected, expected]


def test_a_rate_is_written_as_people_write_it():
    def rate(seconds, done):
        (line, _) = watched([0] * (done + 1) + [seconds] * 2, list(range(done + 1)), every=1)
        return line.split(", ")[1]

    rates = [rate(2, 300), rate(2, 199), rate(1, 1234), rate(10, 123), rate(30, 1)]
    assert rates == [f"{one} a second" for one in ("150", "100", "1234", "12", "0.033")]


def test_nothing_to_do_is_done_at_once():
    assert watched([0], []) == []
    assert list(progress.unwatched([1, 2], "photos")) == [1, 2]
