"""`python -m tests.benchmarks`: one table, one run."""

from __future__ import annotations

import argparse
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.programs import places, program
from tests.benchmarks.servers import (
    edits,
    first_hover,
    idle,
    p95,
    servers,
    warm_hovers,
)

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, float]
INFINITE = math.inf

FIRST = "start to first hover, s"
HOVER = "warm hover, 95th percentile, ms"
EDIT = "edit to diagnostics, 1000 lines, anywhere, 95th percentile, ms"
MEMORY = "memory after editing 1000 lines, MB"
IDLE = "CPU in 3 s of idling, ms"
CHECK = "check of 100 files, s"
AGAIN = "the same again, nothing changed, s"
LINES = "CPU per line of one file, microseconds, 20000 lines"
FILES = "CPU per file, ms, 2000 files"

TARGETS: dict[str, tuple[str, Callable[[dict[str, Row]], bool]]] = {
    FIRST: (
        "5 times sooner than pyright, within twice ty's time",
        lambda rows: (
            rows[FIRST]["keras-lsp"] * 5 <= rows[FIRST].get("pyright", INFINITE)
            and rows[FIRST]["keras-lsp"] <= 2 * rows[FIRST].get("ty", INFINITE)
        ),
    ),
    HOVER: ("under 2", lambda rows: rows[HOVER]["keras-lsp"] < 2),
    EDIT: ("under 30", lambda rows: rows[EDIT]["keras-lsp"] < 30),
    MEMORY: ("under 100", lambda rows: rows[MEMORY]["keras-lsp"] < 100),
    IDLE: ("0 (a clock tick is 10)", lambda rows: rows[IDLE]["keras-lsp"] <= 10),
    CHECK: (
        "under 2, 20 times faster than pyright, within 10 times bare ast.parse",
        lambda rows: (
            rows[CHECK]["keras-lsp"] < 2
            and rows[CHECK]["keras-lsp"] * 20 <= rows[CHECK].get("pyright", INFINITE)
            and rows[CHECK]["keras-lsp"] <= 10 * rows[CHECK]["ast.parse"]
        ),
    ),
    AGAIN: (
        "20 times faster than pyright, within 10 times bare ast.parse",
        lambda rows: (
            rows[AGAIN]["keras-lsp"] * 20 <= rows[AGAIN].get("pyright", INFINITE)
            and rows[AGAIN]["keras-lsp"] <= 10 * rows[AGAIN]["ast.parse"]
        ),
    ),
    LINES: (
        "at most twice that of 1000 lines",
        lambda rows: rows[LINES]["keras-lsp"] <= 2 * rows[LINES.replace("20000", "1000")]["keras-lsp"],
    ),
    FILES: (
        "at most twice that of 100 files",
        lambda rows: rows[FILES]["keras-lsp"] <= 2 * rows[FILES.replace("2000", "100")]["keras-lsp"],
    ),
}
"""What the project promised itself; every other row is printed for the record."""


class Table:
    """Rows by label, each with a figure for every program that was measured."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def put(self, label: str, name: str, value: float) -> None:
        """Take one figure, and say it at once."""
        self.rows.setdefault(label, {})[name] = value
        print(f"{label:66} {name:22} {value:10.2f}", file=sys.stderr, flush=True)

    def markdown(self) -> tuple[str, bool]:
        """The table, and whether all targets are met."""
        names = ["keras-lsp"]
        for row in self.rows.values():
            names += [name for name in row if name not in names]
        lines = ["| | " + " | ".join(names) + " | target | |", "|--|" + "--:|" * len(names) + "--|--|"]
        met = True
        for label, row in self.rows.items():
            target, holds = TARGETS.get(label, ("", None))
            verdict = "" if holds is None else "met" if holds(self.rows) else "**missed**"
            met = met and verdict != "**missed**"
            own = row.get("keras-lsp", math.nan)
            lines.append(f"| {label} | {' | '.join(_cell(row.get(n), own, n) for n in names)} | {target} | {verdict} |")
        return "\n".join(lines), met


def _cell(value: float | None, own: float, name: str) -> str:
    if value is None or value != value:
        return "–"
    text = f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"
    return text if name == "keras-lsp" or not own else f"{text} ({value / own:.1f}x)"


# Each part measures some rows.


def starting(table: Table, folder: Path, rounds: int) -> None:
    """From starting the process to the first answer."""
    text = program(100)
    (folder / "model.py").write_text(text)
    for server in servers():
        # The first start of a day reads the disk; what is repeated is what people live with.
        values = [first_hover(server, folder, text) for _ in range(rounds + 1)][1:]
        table.put(FIRST, server.name, statistics.median(values))
    script = folder / "build.py"
    script.write_text(
        "import keras\nfrom keras import layers\nkeras.Sequential([keras.Input((8,)), layers.Dense(2)])\n"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    taken: list[float] = []
    for _ in range(2):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, str(script)], capture_output=True, env=environment)
        taken.append(time.perf_counter() - started)
        if done.returncode:
            return  # no Keras here
    table.put(FIRST, "running it", min(taken))


def hovering(table: Table, folder: Path, rounds: int) -> None:
    """Hovers over an analysed file of 1,000 lines."""
    text = program(1000)
    (folder / "model.py").write_text(text)
    for server in servers():
        values = [value * 1000 for value in warm_hovers(server, folder, text)]
        table.put(HOVER.replace("95th percentile", "median"), server.name, statistics.median(values))
        table.put(HOVER, server.name, p95(values))


def editing(table: Table, folder: Path, rounds: int) -> None:
    """One character in the middle, then numbers all over the file, functions included; debounce is off."""
    for lines in (100, 1000, 5000):
        text = program(lines)
        middle = [place for place in places(text) if place.line == text.splitlines().index("SIZE = 8")]
        spread = places(text)
        count = 20 if lines < 5000 else 10
        for server in servers():
            (folder / "model.py").write_text(text)
            if lines == 5000 and server.name in ("pylsp", "jedi-language-server"):
                continue  # minutes for nothing new
            for where, chosen in (("middle", middle), ("anywhere", spread[:: max(1, len(spread) // count)])):
                taken, memory, bad = edits(server, folder, text, [chosen[i % len(chosen)] for i in range(count)])
                values = [math.nan] if bad else [value * 1000 for value in taken]
                label = f"edit to diagnostics, {lines} lines, {where}, "
                table.put(label + "median, ms", server.name, statistics.median(values))
                table.put(label + "95th percentile, ms", server.name, p95(values))
                if lines == 1000 and where == "anywhere":
                    table.put(MEMORY, server.name, memory)


def idling(table: Table, folder: Path, rounds: int) -> None:
    """CPU time that a server uses while nothing happens."""
    text = program(300)
    (folder / "model.py").write_text(text)
    for server in servers():
        table.put(IDLE, server.name, idle(server, folder, text) * 1000)


def checking(table: Table, folder: Path, rounds: int) -> None:
    """The command lines over 100 files of 150 lines, and nothing but parsing them; then once more."""
    many = folder / "many"
    write(many, 100)
    commands = {"keras-lsp": [*keras_lsp(many), "--no-cache"]}
    for name, arguments in (("pyright", ["--pythonpath", sys.executable]), ("ty", ["check"]), ("pyrefly", ["check"])):
        program_ = Path(sys.executable).with_name(name)
        found = program_ if program_.exists() else _on_path(name)
        if found is not None:
            commands[name] = [str(found), *arguments, str(many)]
    parse = f"import ast, pathlib\nfor p in pathlib.Path({str(many)!r}).glob('*.py'): ast.parse(p.read_text())"
    commands["ast.parse"] = [sys.executable, "-c", parse]
    often = ("keras-lsp", "ast.parse")
    for name, command in commands.items():
        table.put(CHECK, name, min(timed(command, name)[0] for _ in range(rounds if name in often else 1)))
    commands["keras-lsp"] = keras_lsp(many)
    timed(commands["keras-lsp"], "keras-lsp")
    for name, command in commands.items():
        table.put(AGAIN, name, min(timed(command, name)[0] for _ in range(rounds if name in often else 1)))


def scaling(table: Table, folder: Path, rounds: int) -> None:
    """CPU time by length of a file, and by number of files; what starting costs is taken off."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    (empty / "model.py").write_text("\n")
    start = min(timed([*keras_lsp(empty), "--no-cache"], "keras-lsp")[1] for _ in range(3))
    for lines in (1000, 5000, 10000, 20000):
        (empty / "model.py").write_text(program(lines))
        cpu = timed([*keras_lsp(empty), "--no-cache"], "keras-lsp")[1] - start
        label = LINES.replace("20000", str(lines))
        table.put(label, "keras-lsp", cpu / lines * 1e6)
    for count in (100, 500, 2000):
        many = folder / f"files{count}"
        write(many, count)
        cpu = timed([*keras_lsp(many), "--no-cache"], "keras-lsp")[1] - start
        table.put(FILES.replace("2000", str(count)), "keras-lsp", cpu / count * 1000)


PARTS: dict[str, Callable[[Table, Path, int], None]] = {
    "start": starting,
    "hover": hovering,
    "edit": editing,
    "idle": idling,
    "check": checking,
    "scale": scaling,
}


def write(folder: Path, count: int) -> None:
    """So many files of 150 lines."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"model_{number}.py").write_text(program(150, seed=number * 7))


def keras_lsp(path: Path) -> list[str]:
    """The command that checks a folder."""
    return [sys.executable, "-m", "keras_lsp", "check", "--exit-zero", str(path)]


def timed(command: list[str], name: str) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that a command takes with all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=ROOT, text=True)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if name in ("keras-lsp", "ast.parse") and done.returncode != 0:
        raise SystemExit(f"{name} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="starts per server")
    options.add_argument("--only", action="append", choices=sorted(PARTS), help="measure this part; may be repeated")
    options.add_argument("--write", type=Path, help="put the table into this file, between its two marks")
    chosen = options.parse_args()
    table = Table()
    started = time.perf_counter()
    for name, part in PARTS.items():
        if not chosen.only or name in chosen.only:
            with tempfile.TemporaryDirectory() as folder:
                part(table, Path(folder), chosen.rounds)
    text, met = table.markdown()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    minutes = (time.perf_counter() - started) / 60
    text += f"\n\nMeasured in one run of {minutes:.0f} minutes ({machine}). In brackets: how many times more than keras-lsp."
    print(text)
    if chosen.write is not None:
        page = chosen.write.read_text(encoding="utf-8")
        head, _, rest = page.partition("<!-- measured -->\n")
        _, mark, tail = rest.partition("<!-- end -->")
        chosen.write.write_text(f"{head}<!-- measured -->\n{text}\n{mark}{tail}", encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
