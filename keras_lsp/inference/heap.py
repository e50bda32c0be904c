"""Trying branches: mutable values are saved on their first change after a fork, put back, and joined at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from keras_lsp.inference.values import HeapObject, LayerValue

# id of an object -> (the object, one of its states)
States: TypeAlias = dict[int, tuple[HeapObject, Any]]


class Fork:
    """A point of the evaluation that can be gone back to."""

    __slots__ = ("before", "level")

    def __init__(self, level: int) -> None:
        self.before: States = {}
        self.level = level


class Heap:
    """Knows which objects changed since each open fork."""

    __slots__ = ("forks", "touched")

    def __init__(self) -> None:
        self.forks: list[Fork] = []
        self.touched: dict[int, HeapObject] = {}  # what changed since whoever wants to know emptied it

    def touch(self, target: HeapObject) -> None:
        """Must be called before an object changes."""
        self._note(target)
        if target.sources:
            self.forget(target.sources)

    def forget(self, targets: Iterable[HeapObject]) -> None:
        """One of these changes, nobody knows which, nor how."""
        left = list(targets)
        while left:
            target = left.pop()
            self._note(target)
            if target.forget():
                left.extend(target.sources)

    def _note(self, target: HeapObject) -> None:
        self.touched[id(target)] = target
        if self.forks:
            before = self.forks[-1].before
            if id(target) not in before:
                before[id(target)] = (target, target.save())

    def begin(self) -> Fork:
        """Open a fork."""
        fork = Fork(len(self.forks))
        self.forks.append(fork)
        return fork

    def capture(self, fork: Fork) -> States:
        """The present states of everything that changed since the fork."""
        states: States = {}
        for later in self.forks[fork.level :]:
            for key, (target, _) in later.before.items():
                if key not in states:
                    states[key] = (target, target.save())
        return states

    def rollback(self, fork: Fork) -> None:
        """Put everything back to where it was at the fork, which stays open; forks above it are dropped."""
        for later in reversed(self.forks[fork.level :]):
            for target, state in later.before.values():
                target.restore(state)
        # What was touched stays listed below: captured alternatives refer to it.
        for later in self.forks[fork.level + 1 :]:
            for key, saved in later.before.items():
                fork.before.setdefault(key, saved)
        del self.forks[fork.level + 1 :]

    def finish_round(self, fork: Fork, states: States) -> None:
        """Close a fork whose evaluation is repeated: variables widen, while layers and models are as before."""
        kept = {key: saved for key, saved in states.items() if not isinstance(saved[0], LayerValue)}
        self.finish(fork, [{}, kept])

    def finish(self, fork: Fork, alternatives: list[States]) -> None:
        """Close the fork: everything takes the join of its states in these alternatives (none: stays as it is)."""
        assert self.forks[fork.level] is fork
        before = dict(fork.before)
        for later in self.forks[fork.level + 1 :]:
            for key, saved in later.before.items():
                before.setdefault(key, saved)
        del self.forks[fork.level :]
        if alternatives:
            for key, (target, old) in before.items():
                states = [state[key][1] if key in state else old for state in alternatives]
                target.restore(states[0] if len(states) == 1 else target.merge(states))
        if self.forks:
            parent = self.forks[-1].before
            for key, saved in before.items():
                parent.setdefault(key, saved)
