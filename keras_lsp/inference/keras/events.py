"""What is done with models: built, compiled, fitted, evaluated, asked to predict; and what comes of it."""

from __future__ import annotations

import ast
from typing import cast

from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.classes import find_member, library_base
from keras_lsp.inference.facts import Call, LayerFact, ModelEvent, OwnClass
from keras_lsp.inference.functions import required_parameters
from keras_lsp.inference.keras.feeding import refusals
from keras_lsp.inference.keras.files import note_checkpoints, note_saved
from keras_lsp.inference.keras.model_calls import missing_input
from keras_lsp.inference.keras.model_inputs import is_declared
from keras_lsp.inference.keras.sequential import build_sequential
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_array, tensors_in, to_structure
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    DatasetValue,
    DictValue,
    External,
    FunctionValue,
    LibraryObject,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.dim import Dim, Expr, format_shape
from keras_lsp.shapes.losses import align
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Structure, Tensor

# Methods whose arguments rules look at.
EVENTS = frozenset(
    [
        "compile",
        "fit",
        "evaluate",
        "predict",
        "train_on_batch",
        "test_on_batch",
        "predict_on_batch",
        "fit_generator",
        "evaluate_generator",
        "predict_generator",
        "predict_classes",
        "predict_proba",
        "build",
        "summary",
        "reset_states",
        "save",
        "save_weights",
        "load_weights",
        "count_params",
        "get_weights",
    ]
)


def follow_event(machine: Machine, model: ModelValue, name: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """`model.compile(...)`, `fit`, `predict` and the others of `EVENTS`: noted with all that was given, and what it returns."""
    call = machine.describe_call(f"keras.Model.{name}", arguments, node, _parameters(machine, name))
    _check_keywords(machine, model, name, arguments, call)
    for argument in call.arguments.values():
        argument.value = _as_data(machine, argument.value)
    x = call.arguments.get("x")
    if x is not None and model.kind == "Sequential" and model.inputs is None:
        spec = _batch_spec(x.value)
        if spec is not None:
            build_sequential(machine, model, spec)
    outputs = _specs(model.outputs)
    otherwise = _calls_otherwise(model)
    if otherwise:
        outputs = None
    elif x is not None and model.kind == "Subclassed" and model.owner is not None:
        outputs = _trace(machine, model, x.value)
    if name == "build":
        _build_model(machine, model, arguments, node)
        model.perhaps_built = True
        return None
    _check_names(machine, model, call)
    # Data that is not known has told the model its input, or the program has ended here.
    seen = name.startswith(("fit", "evaluate", "predict", "train_on", "test_on"))
    event = ModelEvent(
        name,
        model.model_fact,
        call,
        _specs(model.inputs),
        outputs,
        model.compiled,
        None if otherwise else _last_layer(model),
        _first_layer(model),
        is_unbuilt(model),
        refusals(machine, model, call),
        [] if otherwise else [_maker(tensor) for tensor in model.outputs or ()],
        None if otherwise else _output_names(model),
        model.escaped,
        _own_class(machine, model) if seen else None,
    )
    model.perhaps_built = model.perhaps_built or seen
    if name == "compile":
        machine.touch(model)
        model.compiled = event
    if not machine.muted:
        machine.facts.events.append(event)
    if name == "save":
        note_saved(machine, model.owner or model, arguments.get(0, "filepath"))
    elif name == "fit":
        note_checkpoints(machine, model.owner or model, call)
    if name in _STEPS and x is not None:
        _run_step(machine, model, _STEPS[name], call)
    if name in LABELLED and not machine.muted:
        _run_losses(machine, event)
    return _result(machine, model, name, x.value if x is not None else None)


def _own_class(machine: Machine, model: ModelValue) -> OwnClass | None:
    owner = model.owner
    if owner is None or owner.open or model.kind != "Subclassed" or not owner.class_value.module.is_main:
        return None
    members: dict[str, object] = {}
    for base in reversed(owner.class_value.linearise()):
        if isinstance(base, ClassValue):
            members |= base.namespace
        elif not isinstance(base, External) or (
            base.path != "builtins.object" and machine.catalogue.resolve(base.path) != "keras.Model"
        ):
            return None
    return OwnClass(owner.class_value.node, members | owner.attributes)


def _check_names(machine: Machine, model: ModelValue, call: Call) -> None:
    """Dictionaries of arrays that lack one for an input."""
    for name in ("x", "validation_data"):
        argument = call.arguments.get(name)
        value: Value = argument.value if argument is not None else None
        if isinstance(value, DatasetValue):
            value = value.element
        if isinstance(value, tuple) and value:
            value = cast("tuple[Value, ...]", value)[0]
        refused = missing_input(machine, model, value, False) if isinstance(value, DictValue) else None
        if refused is not None:
            text, facts = refused.text, {**refused.facts, "argument": name}
            machine.report("data", call, ShapeError(refused.kind, text, facts, "construct"))


# Methods whose parameters are the same in all versions that the catalogue treats alike.
_STRICT = frozenset(
    name for name in EVENTS if name.startswith(("compile", "fit", "evaluate", "predict", "train", "test"))
)


# What `compile` of Keras 2 takes besides its parameters: `_validate_compile` in tf_keras/src/engine/training.py.
_COMPILED = (
    "cloning",
    "experimental_run_tf_function",
    "distribute",
    "target_tensors",
    "sample_weight_mode",
    "experimental_steps_per_execution",
)


def _check_keywords(machine: Machine, model: ModelValue, name: str, arguments: Arguments, call: Call) -> None:
    """A keyword that this method has not; standalone Keras 2 converts those of Keras 1 for the methods of generators."""
    symbol = machine.catalogue.symbol("keras.Model")
    known = symbol.methods.get(name) if symbol is not None and name in _STRICT else None
    if known is None or model.owner is not None:
        return
    if any(parameter.kind == "var-keyword" for parameter in known):
        other = next((given for given in arguments.kwargs if given not in {*_COMPILED, *(p.name for p in known)}), None)
        if name == "compile" and other is not None and (2, 4) <= machine.keras < (3,):
            text = f"TypeError: Invalid keyword argument(s) in `compile()`: ({{'{other}'}},)"
            machine.report("method", call, ShapeError("argument", text, {"keywords": (other,)}, "construct"))
        return
    if machine.world.keras.contract is Contract.A and name.endswith("_generator"):
        return
    names = {parameter.name for parameter in known}
    unknown = next((given for given in arguments.kwargs if given not in names), None)
    if unknown is not None:
        text = f"TypeError: {name}() got an unexpected keyword argument '{unknown}'"
        machine.report("method", call, ShapeError("argument", text, {"keywords": (unknown,)}, "construct"))


def is_unbuilt(model: ModelValue) -> bool:
    """Whether a Sequential surely has no weights yet."""
    return (
        model.kind == "Sequential"
        and model.layers is not None
        and model.inputs is None
        and not (model.broken or model.perhaps_built)
    )


def _as_data(machine: Machine, value: Value) -> Value:
    """What Keras makes of an argument: arrays of data frames, also in a tuple; batches of generators and sequences."""
    if isinstance(value, tuple):
        return tuple(as_array(item) for item in cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue) and value.kind == "generator":
        batch = join_all(value.items) if value.items else value.element
        return DatasetValue(batch, True, path="builtins.generator")
    if isinstance(value, ObjectValue) and library_base(value.class_value) in _SEQUENCES:
        item = find_member(value.class_value, "__getitem__")
        if isinstance(item, FunctionValue):
            batch = machine.call(BoundMethod(item, value), Arguments([Unknown("the number of the batch")]), None)
            return DatasetValue(batch, True, path="keras.utils.Sequence")
    return as_array(value)


# Their items are batches.
_SEQUENCES = frozenset(
    f"{package}.{leaf}"
    for package in ("keras.utils", "tensorflow.keras.utils", "tf_keras.utils")
    for leaf in ("Sequence", "PyDataset", "all_utils.Sequence", "data_utils.Sequence")
)


# Methods that run a step which the program may have written itself
_STEPS = {"fit": "train_step", "evaluate": "test_step", "predict": "predict_step"}


def _run_step(machine: Machine, model: ModelValue, name: str, call: Call) -> None:
    """A `train_step` of the program is called with one batch of what `fit` gets."""
    if model.owner is None:
        return
    step = find_member(model.owner.class_value, name)
    if not isinstance(step, FunctionValue):
        return
    x = call.arguments["x"].value
    if isinstance(x, DatasetValue):
        data = x.element
    else:
        parts = [call.arguments[key].value for key in ("x", "y", "sample_weight") if key in call.arguments]
        batches = [_batch_of(part) for part in parts]
        if any(batch is None for batch in batches):
            return
        data = tuple(batches) if len(batches) > 1 else batches[0]
    machine.call(BoundMethod(step, model.owner), Arguments([data]), None)


def _parameters(machine: Machine, name: str) -> list[str]:
    symbol = machine.catalogue.symbol("keras.Model")
    found = symbol.methods.get(name) if symbol is not None else None
    if found is None:
        return {"fit_generator": ["generator", "steps_per_epoch", "epochs"], "predict_classes": ["x"]}.get(name, [])
    return [p.name for p in found if p.kind.startswith("positional") and p.name != "self"]


def _specs(tensors: list[TensorValue] | None) -> list[Structure] | None:
    return None if tensors is None else [tensor.spec for tensor in tensors]


def _batch_spec(value: Value) -> Tensor | None:
    """What `fit` shows a model of an array or dataset: one batch of any size."""
    if isinstance(value, TensorValue) and value.spec.shape:
        # Arrays of real numbers become the default float on the way.
        dtype = "float32" if value.spec.dtype == "float64" and value.kind == "numpy" else value.spec.dtype
        return Tensor((None, *value.spec.shape[1:]), dtype)
    if isinstance(value, DatasetValue) and value.batched is not False:
        element = value.element
        if isinstance(element, tuple) and element:
            element = cast("tuple[Value, ...]", element)[0]
        if isinstance(element, TensorValue) and element.spec.shape:
            return Tensor((None, *element.spec.shape[1:]), element.spec.dtype)
    return None


# What replaces the loss of `compile`, or reads other data than `call`.
_OWN_TRAINING = ("train_step", "test_step", "compute_loss", "compile", "__call__")


def _trace(machine: Machine, model: ModelValue, x: Value) -> list[Structure] | None:
    """A subclassed model is called on a batch, once for each shape: what comes out, if its loss is that of `compile`."""
    from keras_lsp.inference.keras.custom import apply_custom

    value = x
    if isinstance(value, DatasetValue):
        value = value.element
        if isinstance(value, tuple) and value:
            value = cast("tuple[Value, ...]", value)[0]
    batch = _batch_of(value)
    if batch is None or model.owner is None or not _takes_inputs_alone(model.owner):
        return None
    inputs = to_structure(machine, batch)
    if not any(application.inputs == inputs for application in model.fact.applications):
        apply_custom(machine, model.owner, Arguments([batch]), None, model.fact.span)
    if any(isinstance(find_member(model.owner.class_value, name), FunctionValue) for name in _OWN_TRAINING):
        return None
    made = next((a.output for a in model.fact.applications if a.inputs == inputs), None)
    return [made] if isinstance(made, Tensor) and made.shape is not None else None


def extra_inputs(call: FunctionValue) -> list[str]:
    """What a model's `call` needs besides the first argument, which is all that `fit` gives it, `training` and `mask`."""
    return [name for name in required_parameters(call)[2:] if name not in ("training", "mask")]


def _takes_inputs_alone(owner: ObjectValue) -> bool:
    call = find_member(owner.class_value, "call")
    return not isinstance(call, FunctionValue) or not extra_inputs(call)


def _output_names(model: ModelValue) -> list[str | None] | None:
    if model.kind == "Subclassed" or model.outputs is None or isinstance(model.output_structure, DictValue):
        return None
    makers = [tensor.producer.layer if tensor.producer is not None else None for tensor in model.outputs]
    return [maker.fact.named if maker is not None and isinstance(maker.fact.named, str) else None for maker in makers]


# Methods that compare outputs with labels.
LABELLED = frozenset(("fit", "evaluate", "train_on_batch", "test_on_batch"))


def _run_losses(machine: Machine, event: ModelEvent) -> None:
    """Losses and metrics that are functions of the program are called on a batch of labels and outputs."""
    compiled, output = event.compiled, event.outputs[0] if event.outputs and len(event.outputs) == 1 else None
    labels = _labels(event.call)
    if compiled is None or labels is None or not isinstance(output, Tensor) or not output.shape:
        return
    functions: list[Value] = []
    losses = 0
    for argument in (compiled.call.arguments.get(name) for name in ("loss", "metrics")):
        value = argument.value if argument is not None else None
        functions += value.items or [] if isinstance(value, ListValue) else [value]
        losses = losses or len(functions)
    target, predicted = align((None, *labels.shape[1:]), output.shape) if labels.shape else ((), ())
    if machine.keras < (3,) and len(target) == 1 and len(predicted) == 2:
        target = (None, 1)
    for index, function in enumerate(functions):
        if isinstance(function, FunctionValue) and target:
            # Keras 3 turns both into its floating type; Keras 2 sometimes does.
            dtype = output.dtype if machine.keras >= (3,) or labels.dtype == output.dtype else None
            specs = (Tensor(target, dtype), Tensor(predicted, output.dtype))
            made = machine.call(function, Arguments([TensorValue(spec, "tensorflow") for spec in specs]), None)
            if made is None and index < losses and event.method == "fit":
                text = "ValueError: None values not supported."
                said = f"The loss `{function.name}` returns nothing: a `return` is missing."
                machine.report("call", compiled.call, ShapeError("other", text, {"said": said}, "run"))


def _labels(call: Call) -> Tensor | None:
    """The labels that a call brings, where they are one array."""
    x, y = call.arguments.get("x"), call.arguments.get("y")
    value: Value = y.value if y is not None else None
    if x is not None and isinstance(x.value, DatasetValue) and x.value.batched:
        element = x.value.element
        items = list(cast("tuple[Value, ...]", element)) if isinstance(element, tuple) else []
        value = items[1] if len(items) in (2, 3) else None
    spec = value.spec if isinstance(value, TensorValue) else None
    if spec is None or not spec.shape or not all(isinstance(dim, int) for dim in spec.shape[1:]):
        return None
    return spec


def _batch_of(value: Value) -> Value | None:
    if isinstance(value, TensorValue):
        return (
            TensorValue(Tensor((None, *value.spec.shape[1:]), value.spec.dtype), "tensorflow")
            if value.spec.shape
            else None
        )
    if isinstance(value, tuple | ListValue):
        items = list(cast("tuple[Value, ...]", value)) if isinstance(value, tuple) else value.items or []
        batches = [_batch_of(item) for item in items]
        if not batches or any(batch is None for batch in batches):
            return None
        return tuple(batches) if isinstance(value, tuple) else ListValue(cast("list[Value]", batches))
    if isinstance(value, DictValue):
        entries = {key: _batch_of(item) for key, item in value.items.items()}
        return None if any(entry is None for entry in entries.values()) else DictValue(entries)
    return None


def _build_model(machine: Machine, model: ModelValue, arguments: Arguments, node: ast.AST | None) -> None:
    """`model.build(input_shape)`."""
    shape = arguments.get(0, "input_shape", arguments.get(None, "batch_input_shape"))
    if isinstance(shape, ListValue) and shape.items is not None:
        shape = tuple(shape.items)
    if not isinstance(shape, tuple):
        return
    items = cast("tuple[Value, ...]", shape)
    if all(item is None or isinstance(item, int | Unknown) or hasattr(item, "terms") for item in items):
        dims: tuple[Dim, ...] = tuple(item.as_dim() if isinstance(item, Unknown) else item for item in items)
        if model.kind == "Sequential":
            _check_build(machine, model, dims, arguments, node)
            build_sequential(machine, model, Tensor(dims, "float32"))
        elif model.kind == "Subclassed" and model.owner is not None and not model.built:
            from keras_lsp.inference.keras.custom import apply_custom

            batch = TensorValue(Tensor(dims, "float32"), "tensorflow")
            apply_custom(machine, model.owner, Arguments([batch]), None, model.fact.span)


def _check_build(
    machine: Machine, model: ModelValue, dims: tuple[Dim, ...], arguments: Arguments, node: ast.AST | None
) -> None:
    """Keras 3 refuses to build a Sequential with an Input for another shape; Keras 2 ignores the shape."""
    declared = model.inputs[0].spec.shape if model.inputs and is_declared(model) else None
    nested = model.layers and isinstance(model.layers[0], ModelValue)
    if (
        machine.keras < (3,)
        or declared is None
        or nested
        or dims == declared
        or any(isinstance(dim, Expr) for dim in (*dims, *declared))
    ):
        return
    text = (
        f"ValueError: Sequential model '{model.name}' has already been configured to use input shape {format_shape(declared)}. "
        f"You cannot build it with input_shape {format_shape(dims)}"
    )
    call = machine.describe_call("keras.Sequential.build", arguments, node, ("input_shape",))
    machine.report("functional", call, ShapeError("other", text, {"shapes": (declared, dims)}, "construct"))


def _last_layer(model: ModelValue) -> LayerFact | None:
    if model.outputs and len(model.outputs) == 1:
        maker = _maker(model.outputs[0])
        if maker is not None:
            return maker
    if model.kind == "Sequential" and model.layers:
        return model.layers[-1].fact
    return None


def _maker(tensor: TensorValue) -> LayerFact | None:
    """The layer that made a tensor, inside of models that did."""
    layer = tensor.producer.layer if tensor.producer is not None else None
    if isinstance(layer, ModelValue):
        return _last_layer(layer) or layer.fact
    return layer.fact if layer is not None else None


def _first_layer(model: ModelValue) -> LayerFact | None:
    return model.layers[0].fact if model.kind == "Sequential" and model.layers else None


def _result(machine: Machine, model: ModelValue, name: str, x: Value) -> Value:
    if name in ("predict", "predict_on_batch", "predict_proba", "predict_generator"):
        return _prediction(machine, model, x)
    if name in ("fit", "fit_generator"):
        return LibraryObject("keras.callbacks.History")
    if name in ("evaluate", "train_on_batch", "test_on_batch", "evaluate_generator"):
        return Unknown("losses and metrics are computed by running")
    from keras_lsp.inference.keras.methods import LAYER_METHODS

    method = LAYER_METHODS.get(name) if name in ("count_params", "get_weights") else None
    return method(machine, model, Arguments(), None) if method is not None else None


def _calls_otherwise(model: ModelValue) -> bool:
    """Whether a class of the program that derives from Sequential, or is given inputs and outputs, has a `call` of its own."""
    if model.owner is None or model.kind == "Subclassed":
        return False
    return isinstance(find_member(model.owner.class_value, "call"), FunctionValue)


# Methods by which a class of the program changes what `predict` returns.
_PREDICTS = ("predict_step", "make_predict_function")


def _prediction(machine: Machine, model: ModelValue, x: Value) -> Value:
    size: Dim = None
    tensors = tensors_in(x)
    if tensors and tensors[0].spec.shape:
        size = tensors[0].spec.shape[0]
    own = model.owner.class_value if model.owner is not None else None
    if own is not None and any(isinstance(find_member(own, name), FunctionValue) for name in _PREDICTS):
        return Unknown("the program's own class predicts in its own way")
    outputs: list[Value] = []
    if model.outputs is not None and not _calls_otherwise(model):
        for tensor in model.outputs:
            shape = tensor.spec.shape
            outputs.append(
                TensorValue(Tensor(None if shape is None else (size, *shape[1:]), tensor.spec.dtype), "numpy")
            )
    if not outputs and model.owner is not None and isinstance(x, TensorValue) and x.spec.shape:
        # Batch by batch, whose outputs are joined along the first axis.
        batch = TensorValue(x.spec.with_shape((None, *x.spec.shape[1:])), "tensorflow")
        with machine.mute():
            made = machine.call(model.owner, Arguments([batch]), None)
        if isinstance(made, TensorValue) and made.spec.shape and made.spec.shape[0] is None:
            return TensorValue(Tensor((size, *made.spec.shape[1:]), made.spec.dtype), "numpy")
    if not outputs:
        return Unknown("what the model predicts is not known")
    return outputs[0] if len(outputs) == 1 else ListValue(outputs)
