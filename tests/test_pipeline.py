"""Work beside other work keeps its order, its errors and its bounds."""

import threading

import pytest

from cnnvis import pipeline


def test_items_are_made_ahead_in_order_and_no_further_than_asked():
    made = []
    enough = threading.Event()

    def source():
        for n in range(10):
            made.append(n)
            if len(made) == 4:
                enough.set()
            yield n

    items = pipeline.ahead(source(), count=3)
    assert next(items) == 0
    assert enough.wait(10), "three more are made while the first is looked at"
    assert made == [0, 1, 2, 3]
    assert list(items) == list(range(1, 10))


def test_items_are_made_in_another_thread():
    (where,) = pipeline.ahead(threading.current_thread().name for _ in range(1))
    assert where != threading.current_thread().name


def test_what_making_an_item_raises_comes_in_its_place():
    def source():
        yield 1
        raise ValueError("broken")

    items = pipeline.ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_an_iteration_that_is_left_makes_no_more():
    made = []
    items = pipeline.ahead((made.append(n) for n in range(100)), count=2)
    next(items)
    items.close()
    after = len(made)
    assert after <= 4
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def test_calls_are_made_in_order_beside_the_caller_and_are_done_at_the_end():
    done = []
    with pipeline.behind(lambda n: done.append((n, threading.current_thread().name))) as later:
        for n in range(20):
            later(n)
    assert [n for n, _ in done] == list(range(20))
    assert {name for _, name in done} != {threading.current_thread().name}


def test_no_more_calls_wait_than_asked():
    free = threading.Event()
    begun = []

    def call(n):
        begun.append(n)
        assert free.wait(10)

    with pipeline.behind(call, count=2) as later:
        later(0)
        later(1)
        third = threading.Thread(target=later, args=(2,))
        third.start()
        third.join(0.05)
        assert third.is_alive(), "the third call has to wait for the first"
        free.set()
        third.join(10)
    assert begun == [0, 1, 2]


def test_after_a_call_that_failed_none_is_made_and_the_error_is_raised():
    done = []

    def call(n):
        if n == 1:
            raise OSError("the disk is full")
        done.append(n)

    def work():
        with pipeline.behind(call) as later:
            for n in range(6):
                later(n)

    with pytest.raises(OSError, match="full"):
        work()
    assert done == [0]


def test_an_error_of_the_block_itself_is_not_hidden():
    with pytest.raises(KeyError), pipeline.behind(print):
        raise KeyError("x")
