"""Layers called on tensors: the shape rule is asked, the layer is built, the application is recorded."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, cast

from keras_lsp.catalogue.symbols import Symbol
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Call, LayerFact, Span
from keras_lsp.inference.keras.layers import convert, from_shape_value
from keras_lsp.inference.keras.questions import consult
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_layer, kind_of, substitute, tensors_in, to_structure, wrap
from keras_lsp.inference.values import (
    GraphNode,
    LayerValue,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import UnknownValue
from keras_lsp.shapes.dim import differ
from keras_lsp.shapes.outcome import Applied, ShapeError, Weight
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.refusals import axis_mismatch
from keras_lsp.shapes.registry import apply_layer
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

# A layer whose calls differ this often (a loop over time steps) need not keep them all.
MAX_APPLICATIONS = 200


# Layers that turn what they get into one tensor, so that a list of images is a batch: `ensure_tensor` in Keras 2's
# image_preprocessing.py, `convert_to_tensor` in Keras 3's layers/preprocessing.
_STACKING = frozenset(
    (
        "CenterCrop",
        "Rescaling",
        "Resizing",
        "RandomBrightness",
        "RandomCrop",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
    )
)


def _stack(value: Value) -> Value:
    """A list of arrays of one known shape as the tensor that they are stacked to; anything else as it is."""
    items = value.items if isinstance(value, ListValue) else None
    if not items or not all(isinstance(item, TensorValue) and item.kind != "keras" for item in items):
        return value
    specs = [cast("TensorValue", item).spec for item in items]
    shape = specs[0].shape
    if shape is None or any(spec.shape != shape for spec in specs) or None in shape:
        return value
    return TensorValue(Tensor((len(specs), *shape), specs[0].dtype), "tensorflow", origin=items[0].origin)


def apply_layer_value(
    machine: Machine,
    layer: LayerValue,
    arguments: Arguments,
    node: ast.AST | None,
    span: Span | None = None,
) -> Value:
    """Call a public Keras layer or a model; `span` places the record where no call of its own was written."""
    if isinstance(layer, ModelValue):
        from keras_lsp.inference.keras.model_calls import call_model

        return call_model(machine, layer, arguments, node, span)
    assert layer.configuration is not None
    symbol = machine.catalogue.symbol(layer.fact.canonical)
    names = [parameter.name for parameter in symbol.call_parameters] if symbol else []
    if symbol is None:  # a layer of another package: what its parameters are called is not known
        names = ["inputs"] if arguments.args else [name for name, v in arguments.kwargs.items() if tensors_in(v)][:1]
    if not arguments.args and not (names and names[0] in arguments.kwargs) and "inputs" not in arguments.kwargs:
        return Unknown("the layer is called without inputs")
    if symbol is not None:
        _check_keywords(machine, layer, symbol, arguments, node)
    bound = dict(zip(names or ["inputs"], arguments.args, strict=False))
    bound.update(arguments.kwargs)
    first = names[0] if names and names[0] in bound else "inputs" if "inputs" in bound else next(iter(bound))
    inputs_value = bound.pop(first)
    if layer.class_name in _STACKING:
        inputs_value = _stack(inputs_value)
    call = {name: convert(machine, "", value) for name, value in bound.items()}
    inputs = to_structure(machine, inputs_value)
    tensors = tensors_in((inputs_value, *bound.values()))
    here = span or machine.span_of(node)
    if isinstance(inputs, UnknownOutcome):
        report_layers(machine, inputs_value, machine.describe_call(layer.fact.canonical, arguments, node, names))
        return _unanswered(machine, layer, None, inputs.reason, here, node)
    if layer.failed:
        return _unanswered(machine, layer, inputs, "the layer's constructor raises", here, node)
    if layer.class_name == "Lambda":
        outcome = apply_lambda(machine, layer, inputs_value, inputs)
    else:
        outcome = apply_layer(layer.configuration, inputs, call)
    symbolic = any(tensor.kind == "keras" for tensor in tensors)
    if isinstance(outcome, ShapeError) and outcome.kind == "axis-undefined" and tensors and not symbolic:
        outcome = UnknownOutcome("an axis of an array gets its size when the program runs")
    outcome, source = consult(machine, layer, arguments, first, outcome, symbolic)
    if symbolic:
        machine.applications += 1
    if isinstance(outcome, Applied) and layer.built:
        conflict = _conflict(layer, outcome, inputs)
        if conflict is not None:
            outcome = conflict
    application = _record(machine, layer.fact, inputs, outcome, here, tensors, call)
    application.source = source
    if not isinstance(outcome, Applied):
        reason = outcome.reason if isinstance(outcome, UnknownOutcome) else f"raises {outcome.text.split(':', 1)[0]}"
        if isinstance(outcome, UnknownOutcome):
            machine.unknown(reason)
        _see(machine, layer, inputs, None, None, node, reason)
        return Unknown(reason, error=outcome if isinstance(outcome, ShapeError) else None)
    _build(machine, layer, outcome, inputs)
    kind = kind_of(tensors)

    def replay(replaced: list[TensorValue]) -> Value:
        mapping = {id(old): new for old, new in zip(tensors, replaced, strict=True)}
        changed = Arguments(
            [substitute(value, mapping) for value in arguments.args],
            {name: substitute(value, mapping) for name, value in arguments.kwargs.items()},
        )
        return apply_layer_value(machine, layer, changed, None, here)

    graph = GraphNode(layer, tensors, here, replay, application) if kind == "keras" else None
    value = wrap(machine, outcome.output, kind, node, graph)
    if graph is not None:
        machine.touch(layer)
        layer.nodes.append(graph)
    _see(machine, layer, inputs, outcome.output, value, node, None, source)
    return value


def _check_keywords(
    machine: Machine, layer: LayerValue, symbol: Symbol, arguments: Arguments, node: ast.AST | None
) -> None:
    """An argument of the constructor that is given where the layer is called: `Dense(4)(x, activation="relu")`."""
    names = [parameter.name for parameter in symbol.call_parameters]
    if not names or "kwargs" in names or not arguments.kwargs or layer.sublayers or not isinstance(node, ast.Call):
        return
    own = {parameter.name for parameter in symbol.parameters or ()} - {"training", "mask", "inputs"}
    for name in arguments.kwargs:
        if name in own and name not in names:
            text = f"TypeError: got an unexpected keyword argument '{name}'"
            call = machine.describe_call(layer.fact.canonical, arguments, node, names)
            facts = {"callable": symbol.name, "at_call": True}
            machine.report("call", call, ShapeError("argument", text, facts, "construct"), layer=layer.fact)


def apply_lambda(
    machine: Machine, layer: LayerValue, value: Value, inputs: Structure
) -> Applied | ShapeError | UnknownOutcome:
    """`Lambda(function)`: the function is evaluated on the tensors, as the backend sees them."""
    assert layer.configuration is not None
    declared = apply_layer(layer.configuration, inputs, {})
    function = layer.configuration.arguments.get("function")
    if isinstance(declared, Applied) or isinstance(function, UnknownValue | str) or function is None:
        return declared
    inside = {id(t): TensorValue(t.spec, "tensorflow", None, t.origin) for t in tensors_in(value)}
    extra = layer.configuration.arguments.get("arguments")
    entries = cast("dict[object, object]", extra) if isinstance(extra, dict) else {}
    keywords = {str(key): from_shape_value(entry) for key, entry in entries.items()}
    with machine.mute():
        result = machine.call(function, Arguments([substitute(value, inside)], keywords), None)
    output = to_structure(machine, result)
    if isinstance(result, Unknown):
        return UnknownOutcome(result.reason)
    if isinstance(output, UnknownOutcome):
        return output
    return Applied(output, ())


def report_layers(machine: Machine, value: Value, call: Call, outputs: bool = False) -> bool:
    """Report a layer that stands where a tensor is needed, in inputs of a layer or inputs or outputs of a model."""
    items: list[Value] = [value]
    if isinstance(value, tuple | ListValue):
        items = list(cast("tuple[Value, ...]", value)) if isinstance(value, tuple) else value.items or []
    layer = next((found for item in items if (found := as_layer(item)) is not None), None)
    if layer is None:
        return False
    shown = f"<{layer.class_name} name={layer.name}, built={layer.built}>"
    if outputs and machine.keras >= (3,):
        text = f"ValueError: All `outputs` values must be KerasTensors. Received: outputs={shown}"
    elif outputs:
        text = f"ValueError: Output tensors of a Functional model must be the output of a TensorFlow `Layer`. Found: {shown}"
    elif machine.keras >= (3,):
        text = (
            "ValueError: Only input tensors may be passed as positional arguments. The following argument value should be "
            f"passed as a keyword argument: {shown}"
        )
    else:
        text = f"TypeError: Inputs to a layer should be tensors. Got: {shown}"
    machine.report("not-called", call, ShapeError("other", text, {"found": shown}), layer=layer.fact)
    return True


def _see(
    machine: Machine,
    layer: LayerValue,
    inputs: Structure,
    output: Structure,
    value: Value,
    node: ast.AST | None,
    reason: str | None,
    source: str = "rule",
) -> None:
    if node is None or not machine.recording:
        return
    callee = layer.fact.canonical or layer.class_name
    machine.recorder.see_call(
        node, "layer", callee, inputs, output, value, machine.symbolic, reason, layer.fact, source=source
    )


def _unanswered(
    machine: Machine, layer: LayerValue, inputs: Structure, reason: str, span: Span, node: ast.AST | None
) -> Unknown:
    if not machine.muted:
        note_application(machine, layer.fact, Application(span, inputs, None, reason=reason))
    _see(machine, layer, inputs, None, None, node, reason)
    return Unknown(reason)


def _record(
    machine: Machine,
    fact: LayerFact,
    inputs: Structure,
    outcome: Applied | ShapeError | UnknownOutcome,
    span: Span,
    tensors: list[TensorValue],
    call: Mapping[str, Any],
) -> Application:
    makers = [tensor.producer.maker if tensor.producer is not None else None for tensor in tensors]
    producers = tuple(maker.fact if maker is not None else None for maker in makers)
    application = Application(
        span,
        inputs,
        outcome.output if isinstance(outcome, Applied) else None,
        outcome if isinstance(outcome, ShapeError) else None,
        outcome.reason if isinstance(outcome, UnknownOutcome) else None,
        outcome.formula if isinstance(outcome, Applied) else (),
        producers,
        machine.certain,
        bool(machine.guarded),
        machine.symbolic,
        call,
    )
    if not machine.muted:
        note_application(machine, fact, application)
    return application


def note_application(machine: Machine, fact: LayerFact, application: Application) -> None:
    """Keep the record of an application, with what is true of the place it happens at."""
    application.certain = machine.certain
    application.guarded = bool(machine.guarded)
    application.symbolic = machine.symbolic
    if len(fact.applications) < MAX_APPLICATIONS:
        fact.applications.append(application)


def _build(machine: Machine, layer: LayerValue, outcome: Applied, inputs: Structure) -> None:
    if layer.built and layer.weights is not None:
        return
    machine.touch(layer)
    layer.built = True
    layer.built_inputs = inputs
    layer.weights = outcome.weights
    if not machine.muted:
        layer.fact.weights = outcome.weights
    layer.fact.trainable = layer.trainable


def _conflict(layer: LayerValue, outcome: Applied, inputs: Structure) -> ShapeError | None:
    """A layer that was built for other sizes cannot take these inputs."""
    if layer.weights is None or outcome.weights is None or len(layer.weights) != len(outcome.weights):
        return None
    for built, needed in zip(layer.weights, outcome.weights, strict=True):
        if len(built.shape) == len(needed.shape) and any(
            differ(a, b) for a, b in zip(built.shape, needed.shape, strict=True)
        ):
            return _size_error(layer, built, needed, inputs)
    return None


# Layers of Keras 3 whose `input_spec` holds the size of an axis once they are built; all others compute a shape without looking
# at their weights, and fail when the model runs (measured: Keras 3.0.5 and 3.15.1).
_SPECIFIED = re.compile(r"Dense|(Separable|Depthwise)?Conv[123]D(Transpose)?|(Batch|Group|Spectral)Normalization")
# Their weights are multiplied with the input, and a size of 1 is repeated.
_ELEMENTWISE = frozenset(("LayerNormalization", "RMSNormalization", "Normalization", "PReLU", "AdditiveAttention"))


def _size_error(layer: LayerValue, built: Weight, needed: Weight, inputs: Structure) -> ShapeError | None:
    before = [tensor.shape for tensor in flatten(layer.built_inputs)]
    now = [tensor.shape for tensor in flatten(inputs)]
    if len(before) != 1 or len(now) != 1 or before[0] is None or now[0] is None or len(before[0]) != len(now[0]):
        return None
    axis = next(
        (i for i in range(len(now[0]) - 1, 0, -1) if differ(before[0][i], now[0][i])),
        None,
    )
    if axis is None:
        return None
    position = axis - len(now[0])
    configuration = layer.configuration
    if configuration is None:
        return None
    specified = configuration.keras < (3,) and layer.class_name != "Normalization"
    if specified or _SPECIFIED.fullmatch(layer.class_name):
        return axis_mismatch(configuration, now[0], position, before[0][axis]).error
    if layer.class_name in _ELEMENTWISE and 1 in (before[0][axis], now[0][axis]):
        return None
    facts = {"axis": position, "expected": before[0][axis], "found": now[0][axis]}
    numbers = f"{now[0][axis]} and {before[0][axis]}"
    stage = "run" if configuration.keras >= (3,) else "build"
    return ShapeError("axis-size", f"ValueError: Dimensions must be equal, but are {numbers}", facts, stage)


def apply_nested(
    machine: Machine, value: Value, layer: LayerValue, inputs: Structure, call: Mapping[str, object]
) -> Applied | ShapeError | UnknownOutcome:
    """A layer that is an argument of another one, applied by it."""
    if isinstance(value, ObjectValue) or isinstance(layer, ModelValue):
        with machine.mute():
            arguments = Arguments([wrap(machine, inputs, "keras", None)])
            result = machine.call(value, arguments, None)
        if isinstance(result, Unknown):
            return UnknownOutcome(result.reason)
        output = to_structure(machine, result)
        if isinstance(output, UnknownOutcome):
            return output
        from keras_lsp.inference.keras.weights import weights_of

        weights = weights_of(layer)
        return Applied(output, None if weights is None else tuple(weight for weight, _ in weights))
    assert layer.configuration is not None
    outcome = apply_layer(layer.configuration, inputs, call)
    if isinstance(outcome, Applied):
        machine.touch(layer)
        layer.weights, layer.built, layer.built_inputs = outcome.weights, True, inputs
        if not machine.muted:
            layer.fact.weights = outcome.weights
    _record(machine, layer.fact, inputs, outcome, layer.fact.span, [], {})
    return outcome
