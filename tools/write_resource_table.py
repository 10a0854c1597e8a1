"""Write docs/reference/resources.md: what the jobs of every rule ask for, and what they took.

``make reference`` writes the page from docs/reference/resources.tsv and from what rules declare.
To measure that table anew, run the default study and its evaluation, then this:

    .venv/bin/snakemake --cores 2 all evaluation
    .venv/bin/python tools/write_resource_table.py --measure
"""

import csv
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cnnvis.files import write_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/resources.md"
TABLE = ROOT / "docs/reference/resources.tsv"
TARGETS = ("all", "evaluation")

HEAD = """# Memory, time and threads of every rule

*Made by `make reference`; do not edit it here.*

What a job of each rule took at most, in the default study and its evaluation on two cores, and
what it asks a cluster for at its first attempt. Memory holds the script and everything it imports;
{beside} MB of what is declared are for the one or two Snakemakes that live in a job beside the
script. The script's share is half as much again as was measured, and doubles whenever a job is
killed and tried again (`retries` of a profile). Photos much larger than those of the default
study, or networks much larger than SqueezeNet and EfficientNet-Lite0, take more: say so in a
profile, with `set-resources`.

Time is processor time, which says the same on a busy machine; `cores` is processor time over time.
Jobs keep to the one thread they declare, because studies have more jobs than machines have cores,
and because one thread gives the same bytes everywhere.

| rule | jobs | time | cores | memory | declared: threads | memory | minutes |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Measured:
    """The jobs of one rule: how many, and the most that one took (seconds of a processor, MB)."""

    jobs: int
    seconds: float
    cores: float
    memory: float


@dataclass(frozen=True)
class Declared:
    """What a job of one rule asks for at its first attempt; memory in MB, time in minutes."""

    threads: int
    memory: int
    minutes: int


def measure(results: Path) -> dict[str, Measured]:
    """Read the benchmarks of a run, and the peak of memory that every log ends with."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        place = path.relative_to(results / "benchmarks").with_suffix("")
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        log = results / "logs" / f"{place}.log"
        for row in rows:
            seconds, cpu = float(row["s"]), _number(row["cpu_time"])
            memory = max(_number(row["max_rss"]), _peak(log))
            found.setdefault(place.parts[0], []).append((cpu, cpu / seconds, memory))
    return {
        rule: Measured(len(jobs), *map(max, zip(*jobs, strict=True)))
        for rule, jobs in found.items()
    }


def _number(text: str) -> float:
    """Return a number of a benchmark; jobs may end before Snakemake looks at them."""
    return 0.0 if text in ("-", "NA", "") else float(text)


def _peak(log: Path) -> float:
    """Return the memory that a log says the script took, in MB."""
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    said = re.findall(r"^peak memory: (\d+) MB$", text, re.MULTILINE)
    return float(said[-1]) if said else 0.0


def declared(folder: Path = ROOT) -> dict[str, Declared]:
    """Ask Snakemake what the jobs of the default study and its evaluation ask for."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nocolor", *TARGETS]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    blocks = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", run.stdout, re.MULTILINE)
    return {rule: _asked(block) for rule, block in blocks if "log:" in block}


def _asked(block: str) -> Declared:
    """Read what a job asks for from the block that announces it."""

    def number(pattern: str, otherwise: str = "") -> int:
        found = re.search(pattern, block, re.MULTILINE)
        return int(found[1] if found else otherwise)

    threads = number(r"^    threads: (\d+)$", "1")
    return Declared(threads, number(r"\bmem_mb=(\d+)"), number(r"\bruntime=(\d+)"))


def read_table() -> dict[str, Measured]:
    """Read what was measured."""
    with TABLE.open(encoding="utf-8") as file:
        return {
            row["rule"]: Measured(
                int(row["jobs"]), *(float(row[key]) for key in ("seconds", "cores", "memory"))
            )
            for row in csv.DictReader(file, delimiter="\t")
        }


def write_table(measured: dict[str, Measured]) -> None:
    """Write what was measured."""
    lines = ["rule\tjobs\tseconds\tcores\tmemory"]
    for rule, one in sorted(measured.items()):
        lines.append(f"{rule}\t{one.jobs}\t{one.seconds:.1f}\t{one.cores:.2f}\t{one.memory:.0f}")
    write_text(TABLE, "\n".join(lines) + "\n")


def beside() -> int:
    """Return the MB that every rule declares for what lives in a job beside its script."""
    text = (ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    return int(re.search(r"^SNAKEMAKES = (\d+)", text, re.MULTILINE)[1])


def page() -> str:
    """Return the whole page."""
    measured, asked = read_table(), declared()
    lines = []
    for rule, one in sorted(measured.items()):
        wants = asked[rule]
        lines.append(
            f"| `{rule}` | {one.jobs} | {one.seconds:.1f} s | {one.cores:.1f} | {one.memory:.0f} MB"
            f" | {wants.threads} | {wants.memory} MB | {wants.minutes} |\n"
        )
    return HEAD.format(beside=beside()) + "".join(lines)


def main() -> None:
    """Write the page, after measuring if so asked."""
    if sys.argv[1:] == ["--measure"]:
        write_table(measure(Path("results")))
    write_text(PAGE, page())


if __name__ == "__main__":
    main()
