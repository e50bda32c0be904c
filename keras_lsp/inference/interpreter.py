"""The entry: evaluate a parsed text in a world, and hand out the facts."""

from __future__ import annotations

from keras_lsp.inference.budget import Budget
from keras_lsp.inference.evaluation import Trace, evaluate
from keras_lsp.inference.facts import Facts
from keras_lsp.inference.world import World
from keras_lsp.syntax.parsed import ParsedModule


def infer(parsed: ParsedModule, world: World, budget: Budget | None = None, previous: Facts | None = None) -> Facts:
    """Evaluate a program's model-building code over shapes; never raises for any text.

    The module's code runs first; functions and classes that it does not reach are then evaluated with symbolic
    parameters. When the budget is used up, what was learned so far is kept and `Facts.truncated` says so.

    `previous` are the facts of an earlier version of the text, in the same world, whose tree `parsed` was made from. What
    they share with the new ones is taken over, so they must not be used any more. The outcome is the same as without them.
    """
    trace = previous.trace if previous is not None else None
    return evaluate(parsed, world, budget, trace if isinstance(trace, Trace) else None)
