"""Draw the rules of the workflow into README.md, as Snakemake sees them: ``make reference``."""

import re
import subprocess
import sys
from pathlib import Path

from cnnvis.files import write_text

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "```mermaid\nflowchart TB\n", "```\n"


def edges(text: str) -> set[tuple[str, str]]:
    """Return the pairs (rule, rule that needs it) of Snakemake's own drawing.

    The default target asks for all files by name; shown are only rules that nothing else needs.
    """
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", text))
    pairs = {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", text)}
    needed = {rule for rule, by in pairs if by != "all"}
    return {(rule, by) for rule, by in pairs if by != "all" or rule not in needed}


def snakemake_edges(folder: Path = ROOT) -> set[tuple[str, str]]:
    """Ask Snakemake for the graph of the default study."""
    command = [sys.executable, "-m", "snakemake", "--forceall", "--rulegraph", "mermaid-js"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return edges(run.stdout)


def readme_edges() -> set[tuple[str, str]]:
    """Return the pairs that the README shows."""
    block = README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    return set(re.findall(r"(\w+) --> (\w+)", block))


def main() -> None:
    """Put the graph into the README."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END, 1)[1]
    lines = "".join(f"    {a} --> {b}\n" for a, b in sorted(snakemake_edges()))
    write_text(README, before + BEGIN + lines + END + after)


if __name__ == "__main__":
    main()
