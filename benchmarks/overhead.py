"""How much of a run is Snakemake, and Python that starts: the rest is work.

Every process of the default study says how long its interpreter and its imports took, by the
processor's time, so that other work on the machine does not count.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from compare import empty_study
from timing import ROOT


def run(targets: list[str]) -> tuple[list[dict[str, object]], float]:
    """Run targets in an empty folder; return the notes of all processes, and the seconds of all."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as notes:
        empty_study(Path(folder))
        command = [str(Path(sys.executable).with_name("snakemake")), "--cores", "all", "--quiet"]
        places = [str(ROOT / "benchmarks/watched"), os.environ.get("PYTHONPATH", "")]
        env = os.environ | {"CNNVIS_OVERHEAD": notes, "PYTHONPATH": os.pathsep.join(places)}
        subprocess.run([*command, *targets], cwd=folder, env=env, check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = [json.loads(note.read_text()) for note in Path(notes).iterdir()]
        return found, used.ru_utime + used.ru_stime


def by_program(notes: list[dict[str, object]]) -> dict[str, dict[str, float]]:
    """Return the processes, their seconds and those of starting, by the name of the program."""
    rows: dict[str, dict[str, float]] = defaultdict(lambda: {"processes": 0, "start": 0, "all": 0})
    for note in notes:
        name = Path(note["argv"][0]).name.removeprefix("tmp").partition(".")  # type: ignore[index]
        title = "snakemake" if "snakemake" in name[0] else name[2] or name[0]
        row = rows[title]
        row["processes"] += 1
        row["all"] += note["all"]  # type: ignore[operator]
        row["start"] += note["all" if title == "snakemake" else "start"]  # type: ignore[operator]
    return dict(sorted(rows.items(), key=lambda row: -row[1]["start"]))


def main() -> None:
    """Run the study, and print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=["all"])
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/overhead.json")
    options = parser.parse_args()
    notes, seconds = run(options.targets)
    table = by_program(notes)
    for name, row in table.items():
        print(f"  {name:32}{row['processes']:4.0f} x{row['start']:8.1f} of {row['all']:7.1f} s")
    start = sum(row["start"] for row in table.values())
    print(f"\n{start:.0f} of {seconds:.0f} s of the processor are start: {start / seconds:.0%}")
    found = {"programs": table, "start": start, "seconds": seconds}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
