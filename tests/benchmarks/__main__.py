"""`python -m tests.benchmarks`: one table, one run."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.programs import program
from tests.benchmarks.servers import Server, edits, first_hover, p95, servers, warm_hovers

ROOT = Path(__file__).resolve().parents[2]

TARGETS: dict[str, Callable[[dict[str, float]], bool]] = {
    "start to first hover, s": lambda row: row["keras-lsp"] * 3 <= row.get("pyright", float("inf")),
    "warm hover, 95th percentile, ms": lambda row: row["keras-lsp"] < 5,
    "edit to diagnostics, 1000 lines, median, ms": lambda row: row["keras-lsp"] < 50,
    "memory after that, MB": lambda row: row["keras-lsp"] < 120,
    "check of 100 files, s": lambda row: row["keras-lsp"] < 2,
}
"""What the project promised itself; every other row is printed for the record."""


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """All rows; each is seconds, milliseconds or megabytes by server."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = servers()
        text = program(100)
        for server in known:
            (folder / "model.py").write_text(text)
            # The first start of a day reads the disk; what is repeated is what people live with.
            values = [first_hover(server, folder, text) for _ in range(rounds + 1)][1:]
            row(rows, "start to first hover, s", server, statistics.median(values))
        long = program(1000)
        for server in known:
            (folder / "model.py").write_text(long)
            values = [value * 1000 for value in warm_hovers(server, folder, long)]
            row(rows, "warm hover, median, ms", server, statistics.median(values))
            row(rows, "warm hover, 95th percentile, ms", server, p95(values))
        for lines in (100, 1000, 5000):
            text = program(lines)
            for server in known:
                (folder / "model.py").write_text(text)
                values, memory = edits(server, folder, text, 20 if lines < 5000 else 8)
                values = [value * 1000 for value in values]
                row(rows, f"edit to diagnostics, {lines} lines, median, ms", server, statistics.median(values))
                row(rows, f"edit to diagnostics, {lines} lines, 95th percentile, ms", server, p95(values))
                if lines == 1000:
                    row(rows, "memory after that, MB", server, memory)
        check(rows, folder / "many")
    return rows


def check(rows: dict[str, dict[str, float]], folder: Path) -> None:
    """The command lines over 100 files of 150 lines."""
    folder.mkdir()
    for number in range(100):
        (folder / f"model_{number}.py").write_text(program(150, seed=number * 7))
    commands = {
        "keras-lsp": [sys.executable, "-m", "keras_lsp", "check", "--exit-zero", str(folder)],
        "pyright": [str(Path(sys.executable).with_name("pyright")), "--pythonpath", sys.executable, str(folder)],
    }
    for name, command in commands.items():
        if name != "keras-lsp" and not Path(command[0]).exists():
            continue
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, cwd=ROOT, text=True)
        seconds = time.perf_counter() - started
        if name == "keras-lsp" and done.returncode != 0:
            raise SystemExit(f"check failed with {done.returncode}:\n{done.stderr[-2000:]}")
        rows.setdefault("check of 100 files, s", {})[name] = seconds


def row(rows: dict[str, dict[str, float]], label: str, server: Server, value: float) -> None:
    """Put one figure into the table, and say it at once."""
    rows.setdefault(label, {})[server.name] = value
    print(f"{label:55} {server.name:22} {value:10.2f}", file=sys.stderr, flush=True)


def table(rows: dict[str, dict[str, float]]) -> tuple[str, bool]:
    """The table as Markdown, and whether all targets are met."""
    names = [server.name for server in servers()]
    others = names[1:]
    lines = ["| | keras-lsp | " + " | ".join(f"{name} | ratio" for name in others) + " | target |"]
    lines.append("|" + "---|" * (3 + 2 * len(others)))
    met = True
    for label, values in rows.items():
        cells = [f"{values['keras-lsp']:.2f}"]
        for name in others:
            value = values.get(name)
            unknown = value is None or value != value
            cells += ["–", "–"] if unknown else [f"{value:.2f}", f"{value / values['keras-lsp']:.1f}"]
        target = TARGETS.get(label)
        verdict = "" if target is None else "met" if target(values) else "**missed**"
        met = met and verdict != "**missed**"
        lines.append(f"| {label} | " + " | ".join(cells) + f" | {verdict} |")
    return "\n".join(lines), met


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="starts per server")
    rows = measure(options.parse_args().rounds)
    text, met = table(rows)
    print(text)
    print("\nA ratio says how many times more the other server takes.")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
