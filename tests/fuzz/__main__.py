"""`python -m tests.fuzz --edits 1000000`: the long run; prints a record, exits with 1 if anything was wrong."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable

os.environ["KERAS_LSP_STRICT"] = "1"  # mistakes of ours are raised instead of costing a statement's facts

from tests.fuzz.corpus import programs
from tests.fuzz.edits import mutated, typed, vocabulary
from tests.fuzz.session import DEADLINE, Desk, resident

STEADY = 10_000
"""Edits of one file over which memory must be flat."""

WARM = 2_000
"""Edits before memory is looked at: until then tables are loaded and caches fill."""


SITTING = 0.5
"""Seconds of processor time for one program before the next one's turn comes: a short program gets more edits for them."""


def main(arguments: list[str] | None = None) -> int:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--edits", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", type=int, default=20, help="compare each N-th edit with a fresh analysis")
    options = parser.parse_args(arguments)
    started, processor = time.monotonic(), time.process_time()
    dice = random.Random(options.seed)
    texts = programs()
    words = vocabulary(texts)
    say = lambda text: print(text, flush=True)  # noqa: E731
    desk = Desk(dice, compare_every=options.compare, say=say)
    outcome = desk.outcome
    say(f"{len(texts)} programs, {sum(map(len, texts)):,} characters; seed {options.seed}")

    # One file, edited on and on.
    growth = 0.0
    if options.edits >= STEADY + WARM:
        steady = next(text for text in texts if "Sequence to sequence" in text)
        desk.run(mutated(steady, dice, words, WARM))
        early = resident()
        desk.run(mutated(steady, dice, words, STEADY))
        growth = (resident() - early) / 1024
        say(f"memory over {STEADY:,} edits of one file: {early / 1024:.1f} MB, then {growth:+.1f} MB")

    try:
        _go_round(options.edits, desk, dice, texts, words, typing := [*texts], say, processor)
    except KeyboardInterrupt:
        say("\nstopped")
    elapsed, used = time.monotonic() - started, time.process_time() - processor
    say(
        f"\n{outcome.edits:,} edits in {elapsed:,.0f} s ({used:,.0f} s of processor time)\n"
        f"typed character by character: {'all programs' if not typing else 'not all programs'}\n"
        f"compared with a fresh analysis: {outcome.compared:,}\n"
        f"processor time for one edit and its answers: median {outcome.quantile(0.5):.1f} ms, "
        f"95 % {outcome.quantile(0.95):.1f} ms, 99.9 % {outcome.quantile(0.999):.1f} ms, "
        f"worst {outcome.worst * 1000:.0f} ms; past {DEADLINE:g} s: {outcome.late}\n"
        f"problems: {len(outcome.problems)}"
    )
    return 1 if outcome.problems or growth > 10 else 0


def _go_round(
    edits: int,
    desk: Desk,
    dice: random.Random,
    texts: list[str],
    words: list[str],
    typing: list[str],
    say: Callable[[str], None],
    processor: float,
) -> None:
    outcome = desk.outcome
    # Every program typed once, then mutated until all edits are made; another order each time.
    while outcome.edits < edits:
        dice.shuffle(texts)
        for text in texts:
            if outcome.edits >= edits:
                break
            before = outcome.edits
            if typing and text in typing:
                typing.remove(text)
                desk.run(typed(text, dice))
            end = time.process_time() + SITTING
            for edit in mutated(text, dice, words, min(1_000, max(edits - outcome.edits, 0))):
                desk.run([edit])
                if time.process_time() > end:
                    break
            if before // 20_000 != outcome.edits // 20_000:
                outcome.memory.append((outcome.edits, resident()))
                rate = (time.process_time() - processor) / outcome.edits * 1000
                say(
                    f"{outcome.edits:>9,} edits, {outcome.compared:,} compared, {len(outcome.problems)} problems, "
                    f"{rate:.2f} ms each, worst {outcome.worst * 1000:.0f} ms, {resident() / 1024:.0f} MB"
                )


if __name__ == "__main__":
    sys.exit(main())
