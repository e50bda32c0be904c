"""What was seen at each expression of the text, over all evaluations of it.

One recorder holds what one unit of the evaluation saw (`inference.units`); `Joined` puts together what all of them did.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from keras_lsp.inference.facts import ExpressionFact, LayerFact, ModelFact, Span, Variable
from keras_lsp.inference.folding import SYMBOLS
from keras_lsp.inference.places import Places
from keras_lsp.inference.values import TensorValue, Value, join_tensors
from keras_lsp.shapes.dim import Dim
from keras_lsp.shapes.tensor import Structure, Tensor


@dataclass(slots=True)
class Seen:
    """All evaluations of one expression, joined."""

    kind: str
    callee: str | None = None
    inputs: Structure = None
    output: Structure = None
    reason: str | None = None
    contexts: int = 0
    symbolic: bool = False
    value: Value = None
    layers: list[LayerFact] = field(default_factory=list[LayerFact])
    model: ModelFact | None = None
    models: list[ModelFact] = field(default_factory=list[ModelFact])
    params: Dim = None
    source: str = "rule"


class Recorder:
    """Collects by syntax node; positions are computed only for what was seen."""

    __slots__ = ("_facts", "_places", "bindings", "seen", "shape_reads", "unanswered")

    def __init__(self, places: Places) -> None:
        self._places = places
        self.seen: dict[int, tuple[ast.AST, Seen]] = {}
        self.shape_reads: dict[int, ast.AST] = {}
        self.bindings: dict[int, tuple[ast.AST, Variable]] = {}
        self.unanswered: dict[int, bool] = {}  # calls of which one told nothing, and whether only symbolic ones did
        self._facts: dict[int, ExpressionFact] | None = None

    def fact(self, key: int) -> ExpressionFact:
        """The fact of an expression that only this recorder saw; made once, as what it tells does not change any more."""
        if self._facts is None:
            self._facts = {}
        known = self._facts.get(key)
        if known is None:
            node, seen = self.seen[key]
            known = self._facts[key] = _read(_admit(seen, [self], key), self._places.span(node))
        return known

    def see_binding(self, node: ast.AST, name: str, value: Value, symbolic: bool) -> None:
        """A name was bound."""
        known = self.bindings.get(id(node))
        if known is not None and symbolic and not known[1].symbolic:
            return
        self.bindings[id(node)] = (node, Variable(name, self._places.span(node), value, symbolic))

    def see_value(self, node: ast.AST, value: TensorValue, symbolic: bool) -> None:
        """An expression that is no call evaluated to a tensor."""
        entry = self.seen.get(id(node))
        if entry is not None and entry[1].value is value:
            return
        operator = _operator(node) if value.kind == "keras" else None
        kind = "op" if operator else "value"
        self._see(node, kind, operator, None, value.spec, None, symbolic).value = value

    def see_call(
        self,
        node: ast.AST,
        kind: str,
        callee: str | None,
        inputs: Structure,
        output: Structure,
        value: Value,
        symbolic: bool,
        reason: str | None = None,
        layer: LayerFact | None = None,
        model: ModelFact | None = None,
        source: str = "rule",
    ) -> None:
        """A call evaluated to tensors (or to nothing known, with the reason)."""
        seen = self._see(node, kind, callee, inputs, output, reason, symbolic)
        seen.source = source
        seen.value = value
        if layer is not None and not any(layer is known for known in seen.layers):
            seen.layers.append(layer)
        if model is not None:
            seen.model = model

    def see_nothing(self, node: ast.AST, symbolic: bool) -> None:
        """A call of something that is not known: what its other calls tell is not the whole truth."""
        key = id(node)
        self.unanswered[key] = symbolic and self.unanswered.get(key, True)

    def see_constructor(
        self, node: ast.AST, fact: LayerFact, model: ModelFact | None, value: Value, symbolic: bool
    ) -> None:
        """A call constructed a layer or model; what it puts out is read off its applications at the end."""
        entry = self.seen.get(id(node))
        if entry is None or (entry[1].symbolic and not symbolic):
            entry = self.seen[id(node)] = (
                node,
                Seen("model" if model else "layer", fact.canonical or fact.class_name),
            )
            entry[1].symbolic = symbolic
        elif symbolic and not entry[1].symbolic:
            return
        entry[1].layers.append(fact)
        entry[1].contexts += 1
        entry[1].value = value
        entry[1].model = model
        if model is not None:
            entry[1].models.append(model)

    def _see(
        self,
        node: ast.AST,
        kind: str,
        callee: str | None,
        inputs: Structure,
        output: Structure,
        reason: str | None,
        symbolic: bool,
    ) -> Seen:
        entry = self.seen.get(id(node))
        if entry is None or (entry[1].symbolic and not symbolic):
            seen = Seen(kind, callee, inputs, output, reason, 1, symbolic)
            self.seen[id(node)] = (node, seen)
            return seen
        seen = entry[1]
        if symbolic and not seen.symbolic:
            return Seen(kind)  # concrete evaluations are worth more; this one is dropped
        seen.contexts += 1
        if seen.callee != callee:
            seen.callee = seen.callee or callee
        seen.inputs = join_structures(seen.inputs, inputs)
        if output is None and seen.output is not None and (reason or "").startswith("raises"):
            return seen  # a call that raises, in code that expects it, changes no shape
        if output is None or seen.output is None:
            seen.output = None
            seen.reason = seen.reason or reason or "not known in every call"
        else:
            seen.output = join_structures(seen.output, output)
            if seen.output is None:
                seen.reason = "differs between calls"
        return seen


class Joined:
    """What the recorders of all units saw, those of the first unit first."""

    def __init__(self, records: Sequence[Recorder], places: Places) -> None:
        self._records = records
        self._places = places

    @cached_property
    def _owners(self) -> tuple[dict[int, Recorder], set[int]]:
        """For each expression a unit that evaluated it, and the expressions that several units did."""
        owners: dict[int, Recorder] = {}
        shared: set[int] = set()
        for record in self._records:
            for keys in (record.seen, record.unanswered) if record.unanswered else (record.seen,):
                shared |= owners.keys() & keys.keys()
                owners |= dict.fromkeys(keys, record)
        return owners, shared

    def expression(self, node: ast.AST) -> ExpressionFact | None:
        """The fact of one expression: cheap where only some of them are asked for."""
        key = id(node)
        owners, shared = self._owners
        if key not in owners:
            return None
        records = [owners[key]]
        if key in shared:
            records = [record for record in self._records if key in record.seen or key in record.unanswered]
        return self._fact(key, records) if any(key in record.seen for record in records) else None

    def expressions(self) -> dict[Span, ExpressionFact]:
        """Facts of all expressions that were seen."""
        owners: dict[int, list[Recorder]] = {}
        for record in self._records:
            for key in record.seen:
                if key in owners:
                    owners[key].append(record)
                else:
                    owners[key] = [record]
        for record in self._records:
            for key in record.unanswered:
                if key in owners and record not in owners[key]:
                    owners[key].append(record)
        facts: dict[Span, ExpressionFact] = {}
        for key, records in owners.items():
            fact = self._fact(key, records)
            known = facts.get(fact.span)
            if known is None or known.output is None or fact.output is not None:
                facts[fact.span] = fact
        return facts

    def _fact(self, key: int, owners: Sequence[Recorder]) -> ExpressionFact:
        """What one or several units saw at an expression."""
        if len(owners) == 1:
            return owners[0].fact(key)
        node, joined = next(record.seen[key] for record in owners if key in record.seen)
        for record in owners:
            if key in record.seen and record.seen[key][1] is not joined:
                joined = _join(joined, record.seen[key][1])
        return _read(_admit(joined, owners, key), self._places.span(node))

    def variables(self) -> list[Variable]:
        """Names that were bound, with the last value seen."""
        bindings: dict[int, Variable] = {}
        for record in self._records:
            for key, (_, variable) in record.bindings.items():
                known = bindings.get(key)
                if known is None or known.symbolic or not variable.symbolic:
                    bindings[key] = variable
        return list(bindings.values())

    def shape_reads(self) -> set[Span]:
        """Expressions whose `.shape` the program reads."""
        return {self._places.span(node) for record in self._records for node in record.shape_reads.values()}


def _join(first: Seen, second: Seen) -> Seen:
    """What two units saw at one expression."""
    if first.symbolic != second.symbolic:
        return second if first.symbolic else first
    joined = replace(first, layers=list(first.layers), models=[*first.models, *second.models])
    joined.layers += [layer for layer in second.layers if not any(layer is known for known in first.layers)]
    joined.contexts = first.contexts + second.contexts
    joined.callee = first.callee or second.callee
    joined.inputs = join_structures(first.inputs, second.inputs)
    joined.value, joined.source = second.value, second.source
    joined.model = second.model or first.model
    if _constructs(first) and _constructs(second):
        return joined
    if second.output is None and first.output is not None and (second.reason or "").startswith("raises"):
        return joined
    if first.output is None or second.output is None:
        joined.output = None
        joined.reason = first.reason or second.reason or "not known in every call"
    else:
        joined.output = join_structures(first.output, second.output)
        if joined.output is None:
            joined.reason = "differs between calls"
    return joined


def _admit(seen: Seen, records: Sequence[Recorder], key: int) -> Seen:
    """What was seen, without an output if one of the calls told nothing."""
    silent = [record.unanswered[key] for record in records if key in record.unanswered]
    if seen.output is None or not silent or (all(silent) and not seen.symbolic):
        return seen
    return replace(seen, output=None, contexts=seen.contexts + 1, reason="not known in every call")


def _constructs(seen: Seen) -> bool:
    """Whether it is what a constructor was seen to make, whose output is read at the end."""
    return bool(seen.layers) and seen.output is None and seen.reason is None


def _read(seen: Seen, span: Span) -> ExpressionFact:
    """What was seen as a fact; layers and models tell what they know at the end."""
    seen = replace(seen)
    if seen.layers and seen.kind == "layer" and seen.output is None and seen.reason is None:
        _read_applications(seen)
    elif seen.model is not None and seen.models:
        if seen.model.outputs is None and any(layer.applications for layer in seen.layers):
            _read_applications(seen)
            seen.params = seen.model.params
        else:
            _read_model(seen)
    elif seen.layers:
        seen.params = _common([layer.params for layer in seen.layers])
    return ExpressionFact(
        span,
        seen.kind,
        seen.callee,
        seen.inputs,
        seen.output,
        seen.params,
        max(1, seen.contexts),
        seen.source if seen.output is not None else "unknown",
        seen.reason,
        seen.value,
        seen.symbolic,
        seen.layers[-1] if seen.layers else None,
        seen.model,
    )


def _operator(node: ast.AST) -> str | None:
    """The symbol of an operator that makes a tensor: `+`, `[]`."""
    if isinstance(node, ast.Subscript):
        return "[]"
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        return SYMBOLS.get(type(node.op))
    return SYMBOLS.get(type(node.ops[0])) if isinstance(node, ast.Compare) else None


def join_structures(left: Structure, right: Structure) -> Structure:
    """What is known of a structure of tensors that may be either one; `None` if they are built differently."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        joined = join_tensors(left, right)
        return joined if joined.shape is not None or left.shape is None or right.shape is None else None
    if isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        items = [join_structures(a, b) for a, b in zip(left, right, strict=True)]
        return None if any(item is None for item in items) else items
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return {key: join_structures(left[key], right[key]) for key in left}
    return None


def _read_applications(seen: Seen) -> None:
    outputs: list[Structure] = []
    if any(layer.applications for layer in seen.layers) and not all(layer.applications for layer in seen.layers):
        seen.reason = "not every layer made here is called on a tensor that is known"
        return
    # A call that raises, in code that expects it, has no shape and changes none.
    works = any(a.output is not None for layer in seen.layers for a in layer.applications)
    for layer in seen.layers:
        for application in layer.applications:
            if application.output is None and works and (application.reason or "raises").startswith("raises"):
                continue
            if application.output is None and application.reason:
                seen.reason = seen.reason or application.reason
            outputs.append(application.output)
            seen.source = application.source
            seen.inputs = application.inputs if len(outputs) == 1 else join_structures(seen.inputs, application.inputs)
    seen.params = _common([layer.params for layer in seen.layers if layer.weights is not None])
    if not outputs:
        seen.reason = "the layer is not called on a tensor here"
        return
    output = outputs[0]
    for other in outputs[1:]:
        output = join_structures(output, other)
    seen.output = output
    if output is None:
        seen.reason = seen.reason or "differs between calls"
    seen.contexts = max(seen.contexts, len(outputs))


def _read_model(seen: Seen) -> None:
    """Inputs, outputs and parameters of the models that were made at one place, joined."""
    models = seen.models or ([seen.model] if seen.model is not None else [])
    outputs = [_single(model.outputs) for model in models]
    inputs = [_single(model.inputs) for model in models]
    seen.output, seen.inputs = outputs[0], inputs[0]
    for output, given in zip(outputs[1:], inputs[1:], strict=True):
        seen.output = join_structures(seen.output, output)
        seen.inputs = join_structures(seen.inputs, given)
    if seen.output is None:
        known = all(output is not None for output in outputs)
        reasons = [model.reason for model in models if model.reason]
        seen.reason = "differs between calls" if known else reasons[0] if reasons else "the model is not built"
    seen.params = _common([model.params for model in models])
    seen.source = models[-1].source


def _single(structures: list[Structure] | None) -> Structure:
    if not structures:
        return None
    return structures[0] if len(structures) == 1 else list(structures)


def _common(values: list[Dim]) -> Dim:
    return values[0] if values and all(value == values[0] for value in values) else None
