"""Models called on tensors: what they are given, what they refuse, and their graph on other tensors."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Span
from keras_lsp.inference.keras.application import note_application
from keras_lsp.inference.keras.functional import topological
from keras_lsp.inference.keras.model_inputs import is_declared, mend, misfit
from keras_lsp.inference.keras.sequential import build_sequential
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import tensors_in, to_structure, wrap
from keras_lsp.inference.values import DictValue, GraphNode, ListValue, ModelValue, TensorValue, Unknown, Value
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure, Tensor


def call_model(
    machine: Machine, model: ModelValue, arguments: Arguments, node: ast.AST | None, span: Span | None = None
) -> Value:
    """Call a model on tensors: its layers are applied again where shapes differ."""
    here = span or machine.span_of(node)
    argument = arguments.get(0, "inputs")
    structure = to_structure(machine, argument)
    result: Value
    model.perhaps_built = True
    if isinstance(structure, UnknownOutcome):
        result = Unknown(structure.reason)
        structure = None
    else:
        if model.kind == "Sequential" and model.inputs is None and isinstance(structure, Tensor) and structure.shape:
            symbolic = any(tensor.kind == "keras" for tensor in tensors_in(argument))
            # An array's batch is one of many: Keras relaxes that axis at the next one.
            size = structure.shape[0] if symbolic else None
            build_sequential(machine, model, Tensor((size, *structure.shape[1:]), structure.dtype))
        result = _run(machine, model, argument, structure, here, node)
    kind = "keras" if any(tensor.kind == "keras" for tensor in tensors_in(argument)) else "tensorflow"
    output: Structure = None
    reason: str | None = None
    value: Value = result
    graph: GraphNode | None = None
    if isinstance(result, Unknown):
        reason = result.reason
    else:
        made = to_structure(machine, result)
        output = None if isinstance(made, UnknownOutcome) else made
        inputs = tensors_in(argument)

        def replay(replaced: list[TensorValue]) -> Value:
            from keras_lsp.inference.tensors import substitute

            mapping = {id(old): new for old, new in zip(inputs, replaced, strict=True)}
            return call_model(machine, model, Arguments([substitute(argument, mapping)]), None, here)

        graph = GraphNode(model, inputs, here, replay) if kind == "keras" else None
        value = wrap(machine, output, kind, node, graph)
        if graph is not None:
            machine.touch(model)
            model.nodes.append(graph)
    if not machine.muted:
        makers = [tensor.producer.maker if tensor.producer is not None else None for tensor in tensors_in(argument)]
        producers = tuple(maker.fact if maker is not None else None for maker in makers)
        application = Application(here, structure, output, reason=reason, producers=producers)
        note_application(machine, model.fact, application)
        if graph is not None:
            graph.application = application
    if node is not None and machine.recording:
        machine.recorder.see_call(
            node,
            "model",
            model.model_fact.class_name,
            structure,
            output,
            value,
            machine.symbolic,
            reason,
            None,
            model.model_fact,
        )
    return value


def _run(
    machine: Machine, model: ModelValue, argument: Value, structure: Structure, span: Span, node: ast.AST | None
) -> Value:
    if model.outputs is None or model.inputs is None or model.output_structure is None:
        return Unknown(model.reason or "the model is not built")
    given = _given(model, argument)
    refused = missing_input(machine, model, argument) if isinstance(argument, DictValue) else None
    if refused is not None:
        call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
        call.span = span
        machine.report("model-call", call, refused, layer=model.fact)
        return Unknown("an input is missing", error=refused)
    if len(given) != len(model.inputs):
        wrong = _wrong_number(machine, model, argument, given)
        if wrong is not None:
            call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
            call.span = span
            machine.report("model-call", call, wrong, layer=model.fact)
        return Unknown("the number of inputs differs from the model's", error=wrong)
    expected = [tensor.spec for tensor in model.inputs]
    if all(a.spec.shape == b.shape and a.spec.shape is not None for a, b in zip(given, expected, strict=True)):
        return model.output_structure
    problem = _mismatch(machine, model, given, expected)
    result: Value = None
    if problem is None:
        if any(spec.spec.shape is None for spec in given):
            return model.output_structure if model.layers is not None else Unknown("the input is not known")
        mended = [_ranked(tensor, spec) for tensor, spec in zip(given, expected, strict=True)]
        result = replay_graph(machine, model, mended)
        problem = result.error if isinstance(result, Unknown) else None
    if problem is None:
        return result
    call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
    call.span = span
    machine.report("model-call", call, problem, layer=model.fact)
    return Unknown(f"raises {problem.text.split(':', 1)[0]}", error=problem)


def input_names(model: ModelValue) -> list[str | None]:
    """The keys by which a dictionary brings a model's inputs: those of its own, or the names that its inputs were given."""
    structure = model.input_structure
    if isinstance(structure, DictValue):
        keys = {id(value): key for key, value in structure.items.items() if isinstance(key, str)}
        return [keys.get(id(tensor)) for tensor in model.inputs or ()]
    return [tensor.name if isinstance(tensor.name, str) else None for tensor in model.inputs or ()]


def _given(model: ModelValue, argument: Value) -> list[TensorValue]:
    """The tensors that a model is called on, in the order of its inputs."""
    names = input_names(model) if isinstance(argument, DictValue) else []
    if isinstance(argument, DictValue) and all(name is not None and name in argument.items for name in names):
        return [tensor for name in names for tensor in tensors_in(argument.items[name])]
    return tensors_in(argument)


# From here on a dictionary must have the names of all inputs; in TensorFlow 2.3 it must only be long enough.
_NAMES_COMPARED = (2, 15)


def missing_input(
    machine: Machine, model: ModelValue, value: DictValue, symbolic: bool | None = None
) -> ShapeError | None:
    """The error of a model whose inputs come as a dictionary that lacks one."""
    names = input_names(model)
    if value.open or model.inputs is None or not is_declared(model) or model.kind != "Functional":
        return None
    structure = model.input_structure
    if isinstance(structure, DictValue) and not all(isinstance(item, TensorValue) for item in structure.items.values()):
        return None  # dictionaries or lists within: an item may bring several of the inputs
    if not all(isinstance(key, str) for key in value.items) or len(names) < 2:
        return None
    if symbolic is None:
        symbolic = any(tensor.kind == "keras" for tensor in tensors_in(value))
    missing = [name for name in names if name is not None and name not in value.items]
    fewer = len(value.items) < len(names)
    compared = machine.keras >= (3,) or (machine.keras >= _NAMES_COMPARED and not symbolic)
    if not fewer and not (missing and compared):
        return None
    which = f'"{missing[0]}"' if missing else "one of them"
    text = (
        f"ValueError: Missing data for input {which}. You passed a data dictionary with keys {list(value.items)}. "
        f"Expected the following keys: {[name or '?' for name in names]}"
    )
    if not compared:
        text = "AssertionError: Could not compute output of the model"
    facts = {"missing": tuple(missing), "expected": len(names), "found": len(value.items), "given": tuple(value.items)}
    return ShapeError("arity", text, facts)


def _wrong_number(machine: Machine, model: ModelValue, argument: Value, given: list[TensorValue]) -> ShapeError | None:
    """The error of a model that is called on a tensor, or a list of nothing but tensors, too many or too few.

    TensorFlow's Keras 2 takes the first of too many symbolic tensors; versions before 2.6 those of arrays, too.
    """
    listed: Value = argument.items if isinstance(argument, ListValue) else argument
    items = list(cast("Iterable[Value]", listed)) if isinstance(listed, list | tuple) else [argument]
    if not items or not all(isinstance(item, TensorValue) for item in items) or not is_declared(model):
        return None
    found, expected = len(given), len(model.inputs or ())
    symbolic = any(tensor.kind == "keras" for tensor in given)
    together = (2, 4) <= machine.keras < (3,)
    if found > expected and together and (symbolic or machine.keras < (2, 6)):
        return None
    text = f'ValueError: Layer "{model.name}" expects {expected} input(s), but it received {found} input tensors.'
    if found < expected and together and symbolic:
        text = "AssertionError: Could not compute output of the model"
    return ShapeError("arity", text, {"expected": expected, "found": found})


def _ranked(tensor: TensorValue, wanted: Tensor) -> TensorValue:
    """An input with a last axis of size 1 dropped or added, as functional models mend it."""
    shape = tensor.spec.shape
    if shape is None or wanted.shape is None or len(shape) == len(wanted.shape):
        return tensor
    return TensorValue(
        Tensor(mend(shape, wanted.shape), tensor.spec.dtype), tensor.kind, tensor.producer, tensor.origin
    )


def _mismatch(
    machine: Machine, model: ModelValue, given: list[TensorValue], expected: list[Tensor]
) -> ShapeError | None:
    for index, (tensor, spec) in enumerate(zip(given, expected, strict=True)):
        if tensor.spec.shape and spec.shape:
            error = misfit(machine, model, index, tensor.spec.shape, spec.shape, tensor.kind == "keras")
            if error is not None:
                return error
    return None


def replay_graph(machine: Machine, model: ModelValue, given: list[TensorValue]) -> Value:
    """Apply a model's graph to other tensors, without recording anything at its layers."""
    from keras_lsp.inference.tensors import substitute

    assert model.inputs is not None and model.outputs is not None
    mapping: dict[int, TensorValue] = {id(old): new for old, new in zip(model.inputs, given, strict=True)}
    with machine.mute():
        for node in topological(model):
            if all(id(output) in mapping for output in node.outputs):
                continue
            if node.replay is None:
                return Unknown("part of the model cannot be applied again")
            result = node.replay([mapping.get(id(tensor), tensor) for tensor in node.inputs])
            if isinstance(result, Unknown):
                return result
            made = tensors_in(result)
            if len(made) < len(node.outputs):
                return Unknown("part of the model gives other outputs")
            for old, new in zip(node.outputs, made, strict=False):
                mapping[id(old)] = new
    return substitute(model.output_structure, mapping)
