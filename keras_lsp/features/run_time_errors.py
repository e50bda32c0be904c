"""From the text of an exception of Keras or TensorFlow to the rules that would have told before, and what the text means.

The patterns were written against the messages that Keras 2.3 to 3.15 were seen to raise. The first row that matches counts, so
the particular stand before the general. A text names a family of causes; the program itself, checked, tells which it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from keras_lsp.rules.base import Finding, Severity

MAX_TEXT = 20_000
"""Characters of a pasted text that are looked at, its end first: tracebacks end with what matters."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an error text means; `rules` are the codes of the rules about it, `quote` the part of the text that told."""

    rules: tuple[str, ...]
    meaning: str
    quote: str


@dataclass(frozen=True, slots=True)
class Row:
    """Texts that mean the same, as patterns of which one is enough."""

    rules: tuple[str, ...]
    meaning: str
    patterns: tuple[str, ...]


def _row(rules: tuple[str, ...], meaning: str, *patterns: str) -> Row:
    return Row(rules, meaning, patterns)


ROWS: tuple[Row, ...] = (
    _row(
        ("KER112",),
        "A positional argument landed in another parameter than meant: the second of Dense is `activation`, the "
        "third of Conv2D `strides`.",
        r"Could not interpret activation function identifier: \(",
        r"argument must be a tuple of \d integers\. Received strides",
        r"tuple of \d integers\. Received:? strides",
        r"both `?kernel_size`? and `?strides`? as integer positional",
        r"got multiple values for (keyword )?argument",
    ),
    _row(
        ("KER112", "KER110"),
        "A tuple or string stands where one number is wanted: as a rule, a positional argument in another place than meant.",
        r"not supported between instances of '(tuple|list|str|NoneType)' and 'int'",
    ),
    _row(
        ("KER113",),
        "The Embedding's own matrix, `(input_dim, output_dim)`, and the one that is given have different shapes, or "
        "this Keras does not take the argument.",
        r"weight shape \(.*\) (is )?not compatible with provided weight shape",
        r"Unrecognized keyword arguments passed to Embedding: \{'(weights|input_length)'",
    ),
    _row(
        ("KER214",),
        "The state of a stateful recurrent layer has another batch size than the data.",
        r"Tried to append a tensor with incompatible shape to a list",
        r"enters the loop with shape",
    ),
    _row(
        ("KER219", "KER201"),
        "The initial state given to a recurrent layer has other shapes than the layer's own: one tensor "
        "`(batch, units)` for each state.",
        r"`?initial_state`? was passed that is not compatible",
    ),
    _row(
        ("KER309",),
        "The model has several outputs, and the labels are not a list or dictionary with one array for each.",
        r"y_true and y_pred have different structures",
    ),
    _row(
        ("KER405", "KER206", "KER402"),
        "A metric compares predictions and labels of different shapes: the output has an axis, or a number of units, "
        "that the labels do not have.",
        r"(Dimensions must be equal, but are|Incompatible shapes: \[).*node ([\w/]*/)?Equal",
        r"Can not squeeze dim\[",
    ),
    _row(
        ("KER217", "KER306", "KER219"),
        "A product of matrices gets another number of features than the layer's weights were made for: data of another "
        "width, or a layer that is used on two sizes.",
        r"Dimensions must be equal, but are.*MatMul",
    ),
    _row(
        ("KER101", "KER110"),
        "A shape is not a tuple of whole numbers. `(784)` is a number; the tuple is `(784,)`.",
        r"Received an invalid value for",
        r"Cannot convert '.*' to a shape",
        r"Dimension value must be integer or None",
        r"Dimension -\d+ must be >= 0",
        r"'int' object is not iterable",
        r"'int' object is not subscriptable.*shape",
    ),
    _row(
        ("KER106", "KER109"),
        "`Input` takes either `shape`, the shape of one sample, or `batch_shape`, with the batch axis; not both "
        "and not neither.",
        r"cannot pass both `shape` and `batch_shape`",
        r"Only provide the `shape` OR",
        r"Please provide to Input",
        r"You must pass a `shape` argument",
        r"An Input layer should be passed either",
        r"Only provide the input_shape OR",
        r"cannot pass both `batch_size` and `batch_shape`",
    ),
    _row(
        ("KER102", "KER201"),
        "The convolution gets too many axes: the batch axis was written into `input_shape`, or Conv1D gets an image.",
        r"Kernel shape must have the same length as input",
        r"Shape must be rank \d but is rank \d",
        r"strides should be of length",
    ),
    _row(
        ("KER102", "KER201", "KER217"),
        "The layer gets more axes than it takes: the number of samples or the batch size was written into the input "
        "shape, or a layer before keeps an axis too many. Keras counts the batch axis: ndim is the length of one "
        "sample's shape plus 1.",
        r"expected ndim=2, found ndim=[3-9]",
        r"expected ndim=3, found ndim=[4-9]",
        r"expected ndim=4, found ndim=[5-9]",
        r"expected ndim=5, found ndim=[6-9]",
        r"expected max_ndim=",
    ),
    _row(
        ("KER103",),
        "Keras 3 layers do not take this first-layer keyword any more. Put `keras.Input(shape=...)`, or "
        "`batch_shape=...`, before the layer.",
        r"Unrecognized keyword arguments? (passed to \w+)?.*('?(batch_input_shape|batch_size|batch_shape|input_length|weights|dynamic)'?)",
    ),
    _row(
        ("KER502",),
        "The argument has its name of Keras 1.",
        r"Unrecognized keyword arguments? .*'(nb_\w+|border_mode|subsample|dim_ordering|init|W_regularizer|b_regularizer|output_dim|input)'",
        r"unexpected keyword argument '(nb_epoch|nb_filter|input|output|samples_per_epoch)'",
        r"understood:', '(nb_\w+|border_mode|subsample|dim_ordering|init|W_regularizer|b_regularizer|input)'",
        r"missing \d required positional arguments?: '(units|filters)'",
    ),
    _row(
        ("KER108", "KER504"),
        "The layer or function has no such argument: a slip of the pen, the argument of another layer, or of "
        "another version.",
        r"Unrecognized keyword arguments?",
        r"Keyword argument not understood",
        r"got an unexpected keyword argument",
        r"unexpected keyword argument",
    ),
    _row(
        ("KER201", "KER202", "KER104"),
        "The layer gets another number of axes than it takes. Keras counts the batch axis: ndim is the length of "
        "one sample's shape plus 1. LSTM and Conv1D take 3, Conv2D 4, Conv3D and ConvLSTM2D 5. If an LSTM stands "
        "before, it may need `return_sequences=True`.",
        r"expected (min_)?ndim=\d+, found ndim=\d+",
        r"Wrong number of dimensions: expected",
        r"with at least 3 dimensions",
    ),
    _row(
        ("KER401", "KER402", "KER405"),
        "The labels do not have the shape of the model's output. (The words are those of Keras 2.0 to 2.3.)",
        r"Error when checking (model )?target",
        r"A target array with shape .* was passed for an output of shape",
    ),
    _row(
        ("KER217", "KER306"),
        "The data, or the layer before, has another size than the one that the layer was made for.",
        r"expected axis -?\d+( of input shape)? to have value",
        r"expected shape=\(.*found shape=",
        r"Invalid input shape for input",
        r"expected .* to have shape .* but got array",
        r"is incompatible with the layer",
    ),
    _row(
        ("KER401", "KER402", "KER405"),
        "The labels do not have the shape of the model's output. (The words are those of Keras 2.0 to 2.3.)",
        r"expected (dense|activation|model|time_distributed|conv\w*|sequential|flatten|lstm)_?\d* to have (\d dimensions|shape)",
    ),
    _row(
        ("KER217", "KER201"),
        "The array given to fit or predict does not have the shape that the first layer takes. (The words are "
        "those of Keras 2.0 to 2.3.)",
        r"Error when checking (model )?(input|: )",
        r"expected \w+ to have (\d+ dimensions?|shape)",
    ),
    _row(
        ("KER203", "KER204", "KER310"),
        "The image or sequence has become smaller than the kernel or pool: too many of them, channels where the "
        "layer reads sizes, or one image without a batch axis.",
        r"zero or negative",
        r"output size would be negative",
        r"Negative dimension size",
        r"<= 0 due to downsampling",
        r"would produce output shape with a zero",
    ),
    _row(
        ("KER205",),
        "The size that a layer makes its weights by is None: an image size before Flatten, or the number of "
        "channels, is not known.",
        r"fully-defined \(no `?None",
        r"(Flatten|input)[^a-z]{0,3}(is )?not fully defined",
        r"last dimension of the inputs to a? ?`?Dense`? (layer )?should be defined",
        r"The shape of the input to \"Flatten\" is not fully defined",
        r"channel dimension of the inputs should be defined",
        r"unsupported operand type\(s\) for %: 'NoneType'",
    ),
    _row(
        ("KER207",),
        "The target of a Reshape or Permute does not fit the number of values or axes.",
        r"total size of (the tensor|new array) must be unchanged",
        r"at most one unknown dimension",
        r"Invalid permutation argument",
        r"Input to reshape is a tensor with",
    ),
    _row(
        ("KER209",),
        "Tensors that are merged differ on an axis on which they must not, or one tensor is given instead of a list.",
        r"requires inputs with matching shapes",
        r"Inputs have incompatible shapes",
        r"merge layer should be called on a list",
        r"Incompatible input shapes: axis values",
        r"should be called on a list of (at least|inputs)",
        r"mode can only merge",
        r"Operands could not be broadcast",
        r"All dimensions except \d+ must match",
        r"Dimension \d+ in both shapes must be equal",
    ),
    _row(
        ("KER210", "KER209", "KER402", "KER219"),
        "Two tensors of different sizes meet in an operation: the output and the labels, or an encoder and a "
        "decoder after an odd size.",
        r"Dimensions must be equal, but are",
        r"Incompatible shapes: \[",
        r"required broadcastable shapes",
        r"logits and labels must be broadcastable",
    ),
    _row(
        ("KER212",),
        "A number is as large as the Embedding's `input_dim`, or larger; it must be smaller.",
        r"indices\[.*\] = .* is not in \[0",
        r"IndexError: (index|indices).*out.of.bounds",
        r"indices are out.of.bounds",
    ),
    _row(
        ("KER213",),
        "The layer drops the mask that an Embedding or Masking made.",
        r"does not support masking",
        r"Masking is not supported",
        r"non-masking layer",
        r"destroy the mask",
    ),
    _row(
        ("KER214",),
        "A stateful recurrent layer must know the batch size.",
        r"stateful.*(batch size|batch_input_shape|static)",
        r"If a RNN is stateful",
        r"needs to know its batch size",
    ),
    _row(
        ("KER215",),
        "The layer was made, or its weights saved, for another number of channels than it gets.",
        r"must have the same depth",
        r"Depth of input",
        r"Depth of output",
        r"number of input channels must be equal",
        r"evenly divisible by the number of groups",
        r"number of channels",
    ),
    _row(
        ("KER216",),
        "The model of `keras.applications` has rules about `input_shape`, `include_top` and `weights` that are "
        "broken here.",
        r"Input size must be at least",
        r"`input_shape` must be a tuple of three integers",
        r"input must have 3 channels",
        r"`input_shape` should be",
        r"Invalid `?input_shape",
        r"If using `weights",
    ),
    _row(
        ("KER301",),
        "The model does not know its input shape yet, so it has no weights, outputs or summary.",
        r"The layer .* has never been called and thus has no defined",
        r"has no defined (input|output)",
        r"first layer in a Sequential model must get",
        r"not yet been built",
        r"have not yet been created",
        r"isn't built",
        r"_nested_(in|out)puts",
        r"The model cannot be saved because",
        r"was expecting 0 weights",
        r"no attribute '_inbound_nodes'.*build",
    ),
    _row(
        ("KER312", "KER307"),
        "A class of the program does not call `super().__init__()` before it sets attributes; or, in Keras 2, a "
        "Sequential was given its layers one by one instead of in a list.",
        r"forgot to call `super\(YourClass",
        r"forgot to call `super\(\).__init__",
        r"super\(\).__init__\(\)",
    ),
    _row(
        ("KER301", "KER307"),
        "The Sequential has no layers.",
        r"cannot be built because it has no layers",
    ),
    _row(
        ("KER302",),
        "An Input that the outputs need is not among the model's `inputs`.",
        r"Graph disconnected",
        r"is not connected to `?inputs",
    ),
    _row(
        ("KER303", "KER304"),
        "A layer was given where a tensor belongs (it was not called), or the result of a TensorFlow or NumPy "
        "function entered the graph.",
        r"Only input tensors may be passed as positional",
        r"All `?(outputs|inputs)`? values must be KerasTensors",
        r"Unrecognized type for `?(outputs|inputs)",
        r"Output tensors (of|to) a (Functional )?[mM]odel must be",
        r"Inputs to a layer should be tensors",
        r"was called with an input that isn't a symbolic tensor",
        r"inputs that are not tensors",
        r"_keras_history",
        r"has no attribute '_keras_shape'",
        r"has no attribute '_inbound_nodes'",
        r"Input tensors to a Functional",
        r"Expecting KerasTensor",
    ),
    _row(
        ("KER304", "KER313"),
        "A TensorFlow, NumPy or backend function was called on a symbolic tensor: use `keras.ops`, or put it in a"
        " layer.",
        r"A KerasTensor (cannot|is symbolic)",
        r"Cannot convert a symbolic Keras",
        r"could not automatically infer the shape of the Lambda",
        r"has no attribute 'base_dtype'",
        r"KerasTensor.*(numpy|TensorFlow function)",
        r"iterating over `?tf\.Tensor`? is not allowed",
    ),
    _row(
        ("KER305",),
        "Names of layers must be plain, and no two the same.",
        r"used \d+ times in the model",
        r"should (all )?have unique names",
        r"All operation names should be unique",
        r"names? .* should be unique",
        r"is not a valid (root )?scope name",
        r"cannot contain character",
        r"argument `name` must be a string and cannot",
    ),
    _row(
        ("KER307", "KER308"),
        "Something is added to a Sequential that is no layer instance: a list, a class, a layer of another Keras "
        "package, or what `add()` returned, which is None.",
        r"Only instances of `?keras\.Layer",
        r"added layer must be an instance of class Layer",
        r"'NoneType' object has no attribute '(add|compile|fit|summary)'",
        r"Expected `trainable` to be a boolean",
        r"'[A-Z]\w+' object is not iterable",
        r"unsupported operand type\(s\) for \+=: '[A-Z]\w+' and 'str'",
        r"has multiple inbound nodes",
    ),
    _row(
        ("KER309",),
        "The number, structure or length of the arrays does not fit the model's inputs and outputs.",
        r"expects \d+ input\(s\), but it received",
        r"Expected to see \d+ array",
        r"the list of Numpy arrays",
        r"No data provided for",
        r"unpack a (tuple|dict)",
        r"Unrecognized data type",
        r"Data cardinality",
        r"same number of samples",
        r"Make sure (that )?all arrays contain the same",
    ),
    _row(
        ("KER311",),
        "The model was not compiled.",
        r"No loss to compute",
        r"No loss found",
        r"must call `?compile",
        r"must compile your model",
        r"model must be compiled",
    ),
    _row(
        ("KER401", "KER402", "KER405"),
        "The labels and the model's output do not fit this loss: integers where it takes one-hot rows or the "
        "other way round, another number of classes, or another number of axes.",
        r"Arguments `?target`? and `?output`? must have the same (rank|shape)",
        r"must have rank \(ndim\)",
        r"`?logits`? and `?labels`? must have the same (first dimension|size|shape)",
        r"`?labels\.shape`? must equal `?logits\.shape`?",
        r"did not hold element-wise.*SparseSoftmax",
        r"Shapes \(.*\) and \(.*\) are incompatible",
        r"targets to be binary matrices",
        r"same shape as output",
        r"you are passing a target array of shape",
        r"When using the categorical_crossentropy",
    ),
    _row(
        ("KER402",),
        "A label is as large as the number of outputs, or larger.",
        r"outside the valid range of",
        r"label value",
    ),
    _row(
        ("KER403", "KER404"),
        "The last activation and the loss do not belong together.",
        r"received `?from_logits=True",
        r"expects? .* (axis|unit).*softmax",
        r"softmax over axis",
        r"single-unit",
        r"over a (single|one) (value|unit)",
    ),
    _row(
        ("KER208",),
        "These options of a convolution exclude each other.",
        r"strides > 1` not supported in conjunction",
        r"Causal padding is only supported",
    ),
    _row(
        ("KER316",),
        "A result is taken for something else: `fit` returns a History (its numbers are in `.history`), `compile` and `build` "
        "return nothing, `predict` an array, and `evaluate` the loss alone where no metrics were compiled. A layer may give "
        "another number of outputs than there are names: an LSTM with `return_state` three, a GRU two, a Bidirectional LSTM five.",
        r"'History' object (has no attribute|is not subscriptable)",
        r"'NoneType' object has no attribute '(fit|compile|predict|evaluate|summary|add|layers|save)'",
        r"'NoneType' object is not callable",
        r"numpy\.ndarray' object has no attribute 'numpy'",
        r"cannot unpack non-iterable (float|numpy\.float)",
        r"must be real number, not list",
        r"(too many|not enough) values to unpack",
        r"Cannot iterate over a Tensor with unknown first dimension",
    ),
    _row(
        ("KER506",),
        "The history has no such key: it has the names that `compile` was given as metrics (`accuracy` is not `acc`), and those with "
        "`val_` only if `fit` was given validation data.",
        r"KeyError: '(val_)?(acc|accuracy|loss)'",
    ),
    _row(
        ("KER318",),
        "The class of the model has no `call`, or one that needs more than the inputs: Keras passes all inputs as the first argument.",
        r"does not have a `call\(\)` method implemented",
        r"Unimplemented `tf\.keras\.Model\.call",
        r"can only have `training` and the first argument in `call",
    ),
    _row(
        ("KER317",),
        "A callback is a class instead of an object of it, or its method has other parameters than Keras calls it with.",
        r"Callback\.set_model\(\) missing",
        r"on_\w+_(begin|end)\(\) takes",
    ),
    _row(
        ("KER309",),
        "What `fit` is given does not go together: data sets, generators and sequences bring their labels with them and cannot be "
        "split; a model that is compiled with a loss needs labels; a generator yields tuples; `class_weight` is a dictionary, for one "
        "output; arrays are of numbers, not of strings or Python objects.",
        r"`y` (argument is not supported|should not be passed)",
        r"`validation_split` is only supported",
        r"not sufficient to split it",
        r"the generator must return a tuple",
        r"Target data is missing",
        r"class_weight` is only supported",
        r"Expected `class_weight` to be a dict",
        r"only (0-dimensional|length-1|size-1) arrays can be converted",
        r"Failed to find data adapter",
        r"Invalid dtype: (str|object)",
        r"Unsupported object type",
        r"Cast string to \w+ is not supported",
        r"None values not supported",
        r"Expected input data to be non-empty",
        r"Unexpected result of `\w+_function` \(Empty Logs\)",
        r"Invalid literal for int\(\) with base 10",
    ),
    _row(
        ("KER408",),
        "Losses and metrics are called while a graph is made: with tensors that have no values, for NumPy and `.numpy()` neither; metrics "
        "are given `sample_weight`; a list of metrics has one entry for each output; classes must be called first.",
        r"Invalid `metrics",
        r"Expected keys .* in loss dict",
        r"Found unexpected (losses or metrics|keys)",
        r"When providing the `metrics` argument as a list",
        r"has no attribute 'numpy'",
        r"update_state\(\) got an unexpected keyword argument 'sample_weight'",
        r"'property' object is not iterable",
        r"Failed to convert elements of <.*losses\.",
        r"Could not build a TypeSpec for",
    ),
    _row(
        (),
        "The loss does not depend on the weights in a way that can be differentiated: it rounds, compares, takes `argmax` or leaves the "
        "model's output out. Compute it with functions that have gradients.",
        r"No gradients provided for any variable",
    ),
    _row(
        ("KER219",),
        "`set_weights` takes a list of arrays, as many as the layer has, after the layer is built: kernel and bias, in the shapes of "
        "`get_weights()`.",
        r"You called `set_weights\(weights\)`",
        r"expecting \d+ weights",
    ),
    _row(
        (),
        "The file was saved from a class that is not known when it is loaded: register it (`@keras.saving.register_keras_serializable()`) or "
        "give `custom_objects`, and let `get_config` return every argument of `__init__`.",
        r"could not be deserialized properly",
        r"Cannot deserialize object of type",
        r"Error when deserializing class",
        r"Could not locate class",
        r"Unknown layer: '?\w+'?\. .*custom_objects",
    ),
    _row(
        (),
        "The file holds the weights of another architecture: the layers of the model have other shapes, or another order.",
        r"objects could not be loaded",
        r"Cannot assign value to variable .* Shape mismatch",
        r"Layer count mismatch when loading weights",
    ),
    _row(
        ("KER219",),
        "A list of arrays is stacked to one tensor, which arrays of different shapes do not allow: give a tuple. And `map` calls its "
        "function with one argument for each part of an element.",
        r"Can't convert non-rectangular Python sequence",
        r"<lambda>\(\) takes \d+ positional arguments? but \d+ (was|were) given",
    ),
    _row(
        ("KER219",),
        "The images have no axis of channels, or another number of axes: (samples, height, width, channels).",
        r"Input data in `NumpyArrayIterator` should have rank 4",
    ),
    _row(
        ("KER503",),
        "The name was removed or moved: optimizers of Keras 3 have `learning_rate`, not `lr`; only a Sequential has `add`.",
        r"object has no attribute '(lr|add)'",
        r"'\w+' object has no attribute '(inputs|outputs)'",
    ),
    _row(
        ("KER209", "KER108"),
        "A layer is called with too many arguments: layers that merge take one list, and arguments of the constructor belong into its "
        "brackets.",
        r"too many positional arguments",
        r"Invalid keyword argument\(s\) in `compile",
        r"__init__\(\) takes \d+ positional arguments? but",
        r"apply_gradients\(\) takes",
    ),
    _row(
        ("KER208", "KER110"),
        "A layer is made with an argument missing or one that it does not know: read what it lists.",
        r"both `mean` and `variance` must be set",
        r"num_tokens must be set",
        r"Unk?nown value for `\w+` argument",
        r"received an unknown mode argument",
        r"Input values must be in the range 0 <= values < num_tokens",
        r"The output of the .schedule. function should be",
    ),
    _row(
        ("KER201", "KER202"),
        "A layer of the program reads an axis of `input_shape` that is not there: the layer before gives its last output only, or the "
        "data has fewer axes.",
        r"IndexError: (tuple|list) index out of range",
    ),
    _row(
        ("KER205",),
        "A layer makes weights for an axis whose size is not known: share that axis, or give it a size.",
        r"Attempt to convert a value \(None\) with an unsupported type",
    ),
    _row(
        ("KER407",),
        "Keras knows no activation, loss, optimizer, or whatever it is, by this name.",
        r"Could not interpret (\w+ )*identifier",
        r"Unknown (activation|initializer|loss|metric|optimizer|regularizer|constraint|layer)",
        r"Unknown \w+:",
        r"argument must be (a list/tuple or )?one of",
        r"Invalid (merge mode|value)",
    ),
    _row(
        ("KER408",),
        "An argument of compile is of the wrong kind.",
        r"Expected `?metrics`? argument",
        r"metrics.* to be a list",
        r"must be (a )?(list|dict|tuple)",
        r"takes? \d positional argument.*(reduction|y_true)",
        r"has no attribute 'name'.*loss",
    ),
    _row(
        ("KER504",),
        "The argument means something else in Keras 3.",
        r"`name` must be passed as a keyword argument",
        r"int\(\) argument must be .*not 'list'",
    ),
    _row(
        ("KER501",),
        "The optimizer has no such argument in this version.",
        r"Argument\(s\) not recognized",
        r"decay is deprecated",
        r"optimizers\.legacy",
    ),
    _row(
        ("KER101", "KER110"),
        "A size is not a positive whole number, or a shape holds something else than sizes.",
        r"Error converting shape to a TensorShape",
        r"parameter '?(shape|dims|size)\w*'? has DataType float",
        r"Expected an integer value for",
        r"`(input|output)_dim` (must|should) be a? ?positive",
        r"`input_dim` and `output_dim` should be positive",
        r"int\(\) argument must be a string",
    ),
    _row(
        ("KER218", "KER309", "KER209"),
        "A layer or model gets another number of tensors or arrays than it takes.",
        r"Layer \S+ expects \d+ (named )?inputs?",
        r"expected \d+ input\(s\)\. Received",
        r"Missing data for input",
        r"layer (should|must) be called on (a list|exactly)",
        r"Attention layer accepts inputs list of length",
    ),
    _row(
        ("KER307", "KER301"),
        "A Sequential holds layers in a row: each with one input and one output, and the shape of its input said once.",
        r"All layers in a `?Sequential",
        r"already been configured to use input shape",
        r"There are no layers in the model",
        r"Cannot add an empty model",
    ),
    _row(
        ("KER301",),
        "The layer or model has not been called yet, so it has no inputs and outputs.",
        r"has no inbound nodes",
        r"is not connected, no input to return",
    ),
    _row(
        ("KER114",),
        "An argument is missing that the layer cannot do without.",
        r"missing \d+ required positional argument",
        r"missing a required argument",
    ),
    _row(
        ("KER304", "KER303"),
        "A symbolic tensor stands for values that are not there yet: it has no length, no truth value, and cannot be "
        "looped over. Use `x.shape`, and operations of Keras.",
        r"Iterating over a symbolic",
        r"symbolic KerasTensor cannot be used as a boolean",
        r"len is not well defined for symbolic",
        r"do not implement `__len__`",
        r"using a `tf\.Tensor` as a Python `bool`",
        r"Cannot convert a symbolic",
        r"You are passing KerasTensor",
    ),
    _row(
        ("KER219", "KER209"),
        "Two shapes meet in an operation that cannot be multiplied or broadcast.",
        r"Inner dimensions .* must be equal",
        r"Cannot broadcast shape",
        r"Input shape and output shape do not match at shared dimension",
        r"Matrix size-incompatible",
    ),
    _row(
        ("KER207",),
        "More than one axis of a Reshape is left open.",
        r"only specify one unknown dimension",
    ),
    _row(
        ("KER113", "KER217"),
        "The Embedding's `input_length` is another length than that of the sequences.",
        r"\"input_length\" is \d+, but received",
    ),
    _row(
        ("KER503",),
        "The name was removed or moved.",
        r"No module named '(tf_)?keras",
        r"module '(tf_)?(keras|tensorflow)[\w.]*' has no attribute",
        r"has no attribute '(predict_classes|predict_proba|fit_generator|evaluate_generator|predict_generator|np_utils|CuDNN\w+|merge|text|sequence|ImageDataGenerator|get_output_at|output_shape|input_shape|reset_states|mean|experimental|Merge|to_categorical|ThresholdedReLU|wrappers)'",
        r"cannot import name",
    ),
    _row(
        ("KER505",),
        "In Keras 3 the end of the file's name decides its format.",
        r"filename must end in",
        r"Invalid filepath extension",
        r"filepath provided must end in",
        r"Please add either a `\.keras",
    ),
)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Row, re.Pattern[str]], ...]:
    return tuple((row, re.compile("|".join(row.patterns), re.IGNORECASE)) for row in ROWS)


def explain_error(text: str) -> Explanation | None:
    """What an error text, or a traceback that ends with one, means; `None` where no row knows it."""
    text = " ".join(text[-MAX_TEXT:].split())
    # A traceback quotes source lines before it says what is wrong, and those are no messages.
    last = [match.start() for match in re.finditer(r"\b[A-Z]\w*(?:Error|Exception)\b[^:]{0,40}:", text)]
    for part in (text[last[-1] :], text) if last else (text,):
        for row, pattern in _compiled():
            match = pattern.search(part)
            if match:
                start, end = max(match.start() - 60, 0), min(match.end() + 60, len(part))
                quote = ("…" if start else "") + part[start:end] + ("…" if end < len(part) else "")
                return Explanation(row.rules, row.meaning, quote)
    return None


def traceback_lines(text: str, filename: str, source: str = "") -> list[int]:
    """The lines of a program (from 1) that a traceback passes through, the innermost first.

    Python and IPython name a file and a line. Cells of a notebook have names of their own there, but IPython quotes the line behind
    an arrow, which is looked for in the `source`.
    """
    text = text[-MAX_TEXT:]
    name = re.split(r"[\\/]", filename)[-1]
    found = [
        (match.start(), int(match[2] or match[4]))
        for match in _FRAME.finditer(text)
        if re.split(r"[\\/]", match[1] or match[3])[-1] == name
    ]
    if not found and source:
        written: dict[str, list[int]] = {}
        for number, line in enumerate(source.splitlines(), 1):
            written.setdefault(line.strip(), []).append(number)
        for match in _ARROW.finditer(text):
            quoted = text[match.end() :].partition("\n")[0]
            # A text that went through a field of one line has lost its ends of lines.
            line = max((line for line in written if len(line) > 2 and quoted.startswith(line)), key=len, default="")
            found += [(match.start(), number) for number in written.get(line, ()) if line]
    return list(dict.fromkeys(line for _, line in sorted(found, key=lambda item: -item[0])))


def likely_causes(
    text: str,
    explanation: Explanation | None,
    findings: Sequence[Finding],
    line: Callable[[int], int],
    lines: list[int],
) -> list[Finding]:
    """The findings of a program that an error text may be about, the likeliest first.

    `line` gives the line (from 1) of an offset, `lines` those that the traceback passes through. A finding counts by its rule,
    by shapes and names that stand in both texts, and by places that it shares with the traceback.
    """
    shapes = set(re.findall(r"\([^()]*\d[^()]*\)|'\w+_\d+'", text[-MAX_TEXT:]))
    rules = explanation.rules if explanation is not None else ()
    scored: list[tuple[float, int, Finding]] = []
    for index, finding in enumerate(findings):
        if finding.severity not in (Severity.ERROR, Severity.WARNING):
            continue
        score = 4.0 if finding.code in rules else 0.0
        score += min(sum(shape in finding.message for shape in shapes), 3)
        places = {line(finding.span.start), *(line(span.start) for span, _ in finding.related)}
        score += 3.0 if places & set(lines) else 0.0
        score += 0.5 if finding.severity is Severity.ERROR else 0.0
        if score >= LIKELY:
            scored.append((-score, index, finding))
    return [finding for _, _, finding in sorted(scored, key=lambda item: item[:2])]


# One shape in both texts is no evidence; the rule, or a place and a shape, is.
LIKELY = 3.5
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)|File ([^\s"]+):(\d+)')
_ARROW = re.compile(r"-{2,}> ?\d+ +")
