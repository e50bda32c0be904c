"""Keras 3: a call on symbolic tensors in a stateless scope that initialises nothing, so no weight has a buffer."""

from . import values
from .generation import Generation
from .policy import Refused

# keras/src/backend/common/variables.py: raised where a layer makes a variable of a ready-made array.
EAGER_VARIABLE = "attempting to create a variable while in a stateless scope"


class Weightless(object):
    """A scope in which variables get a shape and an initializer, never a buffer."""

    def __init__(self, keras, global_state):
        self._scope = keras.StatelessScope(initialize_variables=False)
        self._global_state = global_state

    def __enter__(self):
        self._scope.__enter__()
        return self

    def __exit__(self, *raised):
        self._scope.__exit__(*raised)
        # Without this a later, unrelated symbolic call would initialise everything that was made here.
        self._global_state.set_global_attribute("uninitialized_variables", [])


class Keras3(Generation):
    """Asks Keras 3.0 and newer, on any backend."""

    def __init__(self, keras, tensorflow, version, backend):
        super(Keras3, self).__init__(keras, tensorflow, version, backend)
        from keras.src import backend as inner
        from keras.src.backend.common import global_state

        self._inner = inner
        self._global_state = global_state

    def reset(self):
        """Start names afresh: 0.6 microseconds, where clear_session costs half a second."""
        self._global_state.set_global_attribute("object_name_uids", None)
        self._global_state.set_global_attribute("uninitialized_variables", [])

    def set_policy(self, name):
        """Set the global dtype policy and return how to undo it."""
        before = self.keras.config.dtype_policy()
        self.keras.config.set_dtype_policy(name)
        return self.keras.config.set_dtype_policy, before

    def tensor(self, spec):
        """Return a symbolic tensor."""
        if spec["shape"] is None:
            raise Refused("Keras 3 has no tensors of unknown rank")
        extra = {"sparse": True} if spec["sparse"] else {}
        if spec["ragged"]:
            extra["ragged"] = True
        return self.keras.KerasTensor(spec["shape"], dtype=spec["dtype"], **extra)

    def _scope(self):
        return Weightless(self.keras, self._global_state)

    def construct(self, make):
        """Construct only."""
        try:
            with self._scope():
                return self.describe_layer(make())
        except ValueError as error:
            if EAGER_VARIABLE not in str(error):
                raise
        return self.describe_layer(make())

    def first(self, make, stage):
        """Put the layer first in a Sequential model."""
        with self._scope():
            layer = make()
            stage.name = "call"
            model = self.keras.Sequential([layer])
            return self.describe_layer(model)

    def call(self, make, given, mode, stage):
        """Call a fresh layer: symbolic as when a model is constructed, traced as when it is fitted."""
        try:
            return self._call(make, given, mode, stage, False)
        except ValueError as error:
            if EAGER_VARIABLE not in str(error):
                raise
        stage.name = "construct"
        return self._call(make, given, mode, stage, True)

    def _call(self, make, given, mode, stage, outside):
        layer = make() if outside else None
        with self._scope():
            if layer is None:
                layer = make()
            args, keywords = given()
            stage.name = "call"
            if mode == "trace":
                if self.backend == "numpy":
                    raise Refused("the NumPy backend traces by computing")
                # Turns the symbolic arguments into placeholders and runs the layer's code on them.
                output = self._inner.compute_output_spec(layer, *args, **keywords)
            else:
                output = layer(*args, **keywords)
            return self.describe_layer(layer, values.plain(output))

    def operate(self, function, args, keywords, mode, name):
        """Call a function on symbolic tensors; functions of TensorFlow need a graph."""
        with self._scope():
            if mode == "trace" or (name.startswith("tensorflow.") and self.backend == "tensorflow"):
                if self.backend == "numpy":
                    raise Refused("the NumPy backend traces by computing")
                return self._inner.compute_output_spec(function, *args, **keywords)
            return function(*args, **keywords)
