"""What all Keras generations share: finding public objects, taking a question apart, describing results."""

import inspect
import operator
import re
import types
import warnings

from . import messages, policy, values
from .policy import Absent, Refused

# What limits of this process look like from inside; never to be taken for an answer of Keras.
STARVED = re.compile(
    r"ResourceExhausted|OOM when allocating|out of memory|bad_alloc|Cannot allocate memory|Unable to allocate"
    r"|failed to allocate",
    re.IGNORECASE,
)
UNROLL_LIMIT = 16  # steps; unrolling 800 steps takes 32 s (TensorFlow traces each of them)


class Stage(object):
    """Where the question is: an exception belongs to the constructor or to the call."""

    def __init__(self):
        self.name = "construct"


class Generation(object):
    """One way to ask Keras. Subclasses say how tensors are made and how a call avoids allocating weights."""

    def __init__(self, keras, tensorflow, version, backend):
        self.keras = keras
        self.tensorflow = tensorflow
        self.version = version
        self.backend = backend
        self.base_layer = keras.layers.Layer
        self._packages = {}

    # ------------------------------------------------------------------ public names

    def _member(self, section, member, what):
        return policy.resolve(self.keras, section + "." + member if section else member, what)

    def layer_class(self, name):
        """Return a public layer class by name."""
        root, section, member = policy.split(name)
        if root in policy.EXTRA_LAYER_PACKAGES:
            if section.split(".")[0] != "layers":
                raise Refused("%s is not a public layer" % name)
            found = policy.resolve(self._package(root), section + "." + member, "layer")
        elif root == "keras":
            policy.check_public_layer(name, section, member)
            found = self._member(section, member, "layer")
        else:
            raise Refused("%s is not a public layer" % name)
        if inspect.isfunction(found) and member in ("Input", "add", "subtract", "multiply", "average", "maximum"):
            return found
        if not policy.is_layer_class(found, self.base_layer) and not (
            inspect.isclass(found) and hasattr(found, "get_config")
        ):
            raise Refused("%s is not a layer class" % name)
        return found

    def _package(self, root):
        if root not in self._packages:
            try:
                self._packages[root] = __import__(root)
            except Exception as error:
                raise Absent("%s cannot be imported: %s" % (root, messages.strip(str(error))[:200]))
        return self._packages[root]

    def public_object(self, name):
        """Return the class of an initializer, regularizer, constraint, policy and the like."""
        root, section, member = policy.split(name)
        if root != "keras" or section not in (*policy.OBJECT_SECTIONS, ""):
            raise Refused("%s is not a public object" % name)
        if not section and member not in ("DTypePolicy", "InputSpec", "KerasTensor"):
            raise Refused("%s is not a public object" % name)
        found = self._member(section, member, "object")
        if not inspect.isclass(found):
            raise Refused("%s is not a class" % name)
        return found

    def reference(self, name):
        """Return a public function or dtype that an argument refers to."""
        root, section, member = policy.split(name)
        if root == "tensorflow" and not section:
            found = getattr(self._tensorflow(), member, None)
            if type(found).__name__ != "DType":
                return self.function(name)
            return found
        if root == "keras" and section in policy.OBJECT_SECTIONS:
            return self._member(section, member, "object")
        return self.function(name)

    def function(self, name):
        """Return a public function on tensors."""
        root, section, member = policy.split(name)
        if root == "operator" and not section and member in policy.OPERATORS:
            return getattr(operator, member)
        if root == "tensorflow":
            allowed = member in policy.TENSORFLOW_FUNCTIONS if not section else section in policy.TENSORFLOW_SECTIONS
            if not allowed:
                raise Refused("%s is not a function that the worker may call" % name)
            found = policy.resolve(self._tensorflow(), section + "." + member if section else member, "function")
        elif root == "keras" and (
            section in policy.OP_SECTIONS or (section, member) in (("", "Input"), ("layers", "Input"))
        ):
            if policy.REFUSED_OPS.match(member):
                raise Refused("%s is not a function of tensors alone" % name)
            found = self._member(section, member, "function")
        elif root == "keras" and section == "layers" and member[:1].islower():
            found = self._member(section, member, "function")
        else:
            raise Refused("%s is not a public function" % name)
        if not callable(found) or isinstance(found, types.ModuleType):
            raise Refused("%s is not a function" % name)
        return found

    def application(self, name):
        """Return the function that builds an application, or the class of a backbone of another package."""
        root, section, member = policy.split(name)
        if root in policy.EXTRA_LAYER_PACKAGES and section == "models" and member.endswith("Backbone"):
            found = policy.resolve(self._package(root), section + "." + member, "model")
            if not policy.is_layer_class(found, self.base_layer):
                raise Refused("%s is not a model class" % name)
            return found
        if root != "keras" or section.split(".")[0] != "applications":
            raise Refused("%s is not a public application" % name)
        found = self._member(section, member, "application")
        if not inspect.isfunction(found) or not member[:1].isupper():
            raise Refused("%s is not an application" % name)
        return found

    def _tensorflow(self):
        if self.tensorflow is None:
            raise Absent("TensorFlow is not installed beside this Keras")
        return self.tensorflow

    # ------------------------------------------------------------------ questions

    def answer(self, question):
        """Return the answer to one question as plain data; never raises for anything that a question can say."""
        stage = Stage()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                self.reset()
                restore = self._apply_settings(question.get("settings", {}))
                try:
                    answer = self._dispatch(question, stage)
                finally:
                    restore()
            except (Refused, Absent) as error:
                return {"unknown": str(error)}
            except MemoryError:
                return {"unknown": "it needs more memory than the Keras worker may use"}
            except Exception as error:
                answer = self._describe(error, stage)
        texts = []
        for warning in heard:
            if issubclass(warning.category, UserWarning) or (
                issubclass(warning.category, DeprecationWarning) and "keras" in (warning.filename or "")
            ):
                text = messages.strip(str(warning.message))
                if text not in texts and len(texts) < 8:
                    texts.append(text)
        if texts:
            answer["warnings"] = texts
        return answer

    def _dispatch(self, question, stage):
        kind = question.get("kind")
        mode = question.get("mode", "symbolic")
        args, arguments = question.get("args", []), question.get("arguments", {})
        if kind == "layer":
            decoder = values.Decoder(self, not _unrolls_long(question))
            make = self.layer_class(question.get("name"))

            def construct():
                positional, keywords = decoder.call(args, arguments, callee=make)
                return make(*positional, **keywords)

            inputs = question.get("inputs")
            if mode == "first":
                return self.first(construct, stage)
            if inputs is None:
                return self.construct(construct)

            def given():
                return decoder.call(inputs, question.get("call_arguments", {}))

            return self.call(construct, given, mode, stage)
        if kind == "op":
            function = self.function(question.get("name"))
            decoder = values.Decoder(self)
            positional, keywords = decoder.call(args, arguments)
            stage.name = "call"
            return {"output": values.plain(self.operate(function, positional, keywords, mode, question["name"]))}
        if kind == "application":
            build = self.application(question.get("name"))
            arguments = dict(arguments)
            decoder = values.Decoder(self)

            def construct():
                positional, keywords = decoder.call(args, {k: v for k, v in arguments.items() if k != "weights"})
                parameters = inspect.signature(build).parameters
                names = [name for name, item in parameters.items() if item.kind == item.POSITIONAL_OR_KEYWORD]
                if len(positional) > len(names):
                    raise Refused("the positional arguments of %s have no names" % question["name"])
                keywords.update(zip(names, positional))
                if inspect.isfunction(build):
                    # Keras 2.3 hides all parameters behind **kwargs; every application has `weights` all the same.
                    keywords["weights"] = None
                return build(**keywords)

            return self.construct(construct)
        raise Refused("the kind of question %r is not known" % (kind,))

    def _describe(self, error, stage):
        text = "%s: %s" % (type(error).__name__, error)
        if STARVED.search(text):
            return {"unknown": "it needs more memory than the Keras worker may use"}
        if isinstance(error, ImportError):
            # What this environment lacks says nothing about the question.
            return {"unknown": "a package is missing beside this Keras: " + messages.strip(str(error))[:200]}
        if isinstance(error, PermissionError):
            return {"unknown": messages.strip(str(error))}
        return {
            "error": {
                "type": type(error).__name__,
                "message": messages.core(str(error)),
                "text": messages.strip(str(error)),
                "stage": stage.name,
            }
        }

    def describe_layer(self, layer, output=None):
        """Return name, weights and counts of a layer, and its layers where it is a model."""
        answer = {"output": output, "name": getattr(layer, "name", None)}
        if not isinstance(layer, self.base_layer):
            return {"output": values.plain(layer)} if output is None else answer
        if getattr(layer, "built", True):
            try:
                rows, params = values.state_of(layer.weights, layer.trainable_weights, layer.name)
            except (ValueError, NotImplementedError, AttributeError, RuntimeError):
                rows, params = None, None
            answer["weights"], answer["params"] = rows, params
        if isinstance(layer, self.keras.models.Model):
            answer["layers"] = [self._row(inner) for inner in layer.layers]
            answer["inputs"] = _attribute(layer, "inputs")
            if output is None:
                outputs = _attribute(layer, "outputs")
                answer["output"] = outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs
        return answer

    def _row(self, layer):
        try:
            params = layer.count_params()
        except (ValueError, AttributeError, NotImplementedError, RuntimeError):
            params = None
        output = _attribute(layer, "output")
        if output is None:
            output = self.node_outputs(layer)
        return {
            "name": layer.name,
            "class": type(layer).__name__,
            "output": output,
            "params": None if params is None else int(params),
        }

    def node_outputs(self, layer):
        """Return the outputs of a layer with several calls where they all agree, else None."""
        found = []
        for node in getattr(layer, "_inbound_nodes", ()):
            outputs = getattr(node, "output_tensors", None) or getattr(node, "outputs", None)
            outputs = values.plain(outputs)
            outputs = outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs
            if outputs not in found:
                found.append(outputs)
        return found[0] if len(found) == 1 else None

    # ------------------------------------------------------------------ settings

    def _apply_settings(self, settings):
        undo = []
        backend = self.keras.backend
        for key, value in settings.items():
            if key in ("floatx", "image_data_format"):
                before = getattr(backend, key)()
                getattr(backend, "set_" + key)(value)
                undo.append((getattr(backend, "set_" + key), before))
            elif key == "dtype_policy":
                undo.append(self.set_policy(value))
            else:
                raise Refused("the setting %r is not known" % (key,))

        def restore():
            for setter, value in undo:
                setter(value)

        return restore


def _attribute(owner, name):
    try:
        return values.plain(getattr(owner, name))
    except (AttributeError, ValueError, RuntimeError, NotImplementedError):
        return None


def _unrolls_long(question):
    """Tell whether an input has more steps than are unrolled; with unknown steps Keras says so at once."""
    steps = []

    def visit(value):
        if isinstance(value, dict):
            shape = value.get("tensor", {}).get("shape") if isinstance(value.get("tensor"), dict) else None
            if shape and len(shape) > 1 and isinstance(shape[1], int):
                steps.append(shape[1])
            for item in value.values():
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(question.get("inputs") or question.get("arguments", {}))
    return any(step > UNROLL_LIMIT for step in steps)
