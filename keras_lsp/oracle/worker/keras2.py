"""Keras 2: tf.keras of TensorFlow 2, tf_keras, and Keras 2.2-2.3 on TensorFlow 1, which builds graphs anyway."""

from . import values
from .generation import Generation
from .policy import Refused

# Elements up to which a variable is real: Normalization, lookup tables and seeds read their values.
REAL_VARIABLE = 65536
CLEAR_EVERY = 200  # questions; 88 to 521 KB of graph stay behind per question until the session is cleared


class Keras2(Generation):
    """Asks Keras 2 on TensorFlow 2: large variables get a handle and no buffer."""

    def __init__(self, keras, tensorflow, version, backend):
        super(Keras2, self).__init__(keras, tensorflow, version, backend)
        from tensorflow.python.ops import resource_variable_ops

        self._uninitialized = resource_variable_ops.UninitializedVariable
        self._asked = 0

    def reset(self):
        """Start names afresh, and drop the graph from time to time."""
        self._asked += 1
        if self._asked % CLEAR_EVERY == 0:
            self.keras.backend.clear_session()
        else:
            self.keras.backend.reset_uids()

    def set_policy(self, name):
        """Set the global dtype policy and return how to undo it."""
        precision = self.keras.mixed_precision
        if hasattr(precision, "set_global_policy"):
            before = precision.global_policy()
            precision.set_global_policy(name)
            return precision.set_global_policy, before
        precision = precision.experimental
        before = precision.global_policy()
        precision.set_policy(name)
        return precision.set_policy, before

    def tensor(self, spec):
        """Return a symbolic tensor."""
        if spec["shape"] is None:
            raise Refused("an Input has a known rank")
        extra = {key: True for key in ("sparse", "ragged") if spec[key]}
        return self.keras.layers.Input(batch_shape=spec["shape"], dtype=spec["dtype"], **extra)

    def _create(self, next_creator, **options):
        shape = options.get("shape")
        if shape is None or not callable(options.get("initial_value")):
            return next_creator(**options)
        count = self.tensorflow.TensorShape(shape).num_elements()
        if count is None or count <= REAL_VARIABLE:
            return next_creator(**options)
        kept = {key: options[key] for key in ("dtype", "trainable", "name") if options.get(key) is not None}
        for key in ("aggregation", "synchronization"):
            if options.get(key) is not None:
                kept[key] = options[key]
        return self._uninitialized(shape=shape, **kept)

    def _scope(self):
        return self.tensorflow.variable_creator_scope(self._create)

    def construct(self, make):
        """Construct only."""
        with self._scope():
            return self.describe_layer(make())

    def first(self, make, stage):
        """Put the layer first in a Sequential model."""
        with self._scope():
            layer = make()
            stage.name = "call"
            return self.describe_layer(self.keras.models.Sequential([layer]))

    def call(self, make, given, mode, stage):
        """Call a fresh layer on symbolic tensors; Keras 2 traces the layer's code in doing so."""
        with self._scope():
            layer = make()
            args, keywords = given()
            stage.name = "call"
            output = layer(*args, **keywords)
            return self.describe_layer(layer, values.plain(output))

    def operate(self, function, args, keywords, mode, name):
        """Call a function on symbolic tensors, or trace it in a graph of its own."""
        if mode != "trace":
            return function(*args, **keywords)
        tensorflow = self.tensorflow
        flat = tensorflow.nest.flatten([list(args), keywords])
        places = [index for index, item in enumerate(flat) if self._symbolic(item)]

        def run(*given):
            filled = list(flat)
            for index, tensor in zip(places, given):
                filled[index] = tensor
            new_args, new_keywords = tensorflow.nest.pack_sequence_as([list(args), keywords], filled)
            return function(*new_args, **new_keywords)

        specs = [tensorflow.TensorSpec(flat[index].shape, flat[index].dtype) for index in places]
        concrete = tensorflow.function(run).get_concrete_function(*specs)
        return concrete.structured_outputs

    def _symbolic(self, value):
        is_keras_tensor = self.keras.backend.is_keras_tensor
        try:
            return bool(is_keras_tensor(value))
        except ValueError:
            return False


class KerasGraph(Keras2):
    """Asks Keras 2.2-2.3 on TensorFlow 1: the graph is built and never run, so no variable gets a buffer."""

    def __init__(self, keras, tensorflow, version, backend):
        Generation.__init__(self, keras, tensorflow, version, backend)
        self._asked = 0

    def reset(self):
        """Start afresh: a new graph now and then, for a graph only grows."""
        self._asked += 1
        if self._asked % 20 == 0:
            self.keras.backend.clear_session()
        else:
            self.keras.backend.reset_uids()

    def set_policy(self, name):
        """Refuse: this Keras has no dtype policies."""
        raise Refused("Keras %s has no dtype policies" % self.version)

    def tensor(self, spec):
        """Return a symbolic tensor."""
        if spec["shape"] is None:
            raise Refused("an Input has a known rank")
        extra = {"sparse": True} if spec["sparse"] else {}
        return self.keras.layers.Input(batch_shape=spec["shape"], dtype=spec["dtype"], **extra)

    def _scope(self):
        return self.tensorflow.name_scope(None)

    def operate(self, function, args, keywords, mode, name):
        """Call a function on placeholders."""
        return function(*args, **keywords)
