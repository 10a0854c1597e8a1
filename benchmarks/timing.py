"""Timing side by side: all contestants in one process, on one thread, in turn."""

import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Contestants = Mapping[str, Callable[[], object]]


def interleaved(
    contestants: Contestants, rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Run all contestants in turn, round by round, and return the seconds of each.

    They are the processor's, unless another clock is given.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()  # warm up: caches, lazy imports
    for _ in range(rounds):
        for name, run in contestants.items():
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return seconds


def ratios(seconds: Mapping[str, list[float]], reference: str) -> dict[str, dict[str, float]]:
    """Return each contestant's time over that of the reference, round by round."""
    table = {}
    for name, times in seconds.items():
        each = [t / base for t, base in zip(times, seconds[reference], strict=True)]
        table[name] = {
            "median_ratio": statistics.median(each),
            "least_ratio": min(each),
            "greatest_ratio": max(each),
            "median_ms": 1000 * statistics.median(times),
        }
    return table


def show(title: str, table: Mapping[str, Mapping[str, float]], absent: list[str]) -> None:
    """Print one comparison."""
    print(f"\n{title}")
    for name, row in table.items():
        spread = f"{row['least_ratio']:.2f} .. {row['greatest_ratio']:.2f}"
        print(f"  {name:32}{row['median_ratio']:8.2f} x  ({spread}){row['median_ms']:12.2f} ms")
    for name in absent:
        print(f"  {name:32}  not installed")


def installed(module: str) -> bool:
    """Tell whether a tool is there to be compared with."""
    return importlib.util.find_spec(module) is not None
