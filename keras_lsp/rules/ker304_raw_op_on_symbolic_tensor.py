"""KER304: a TensorFlow or NumPy function is called on a symbolic tensor of Keras 3.

## What it does
Reports `tf.*` and `np.*` functions on tensors that come from `Input`, outside of a layer's `call`.

## Why it matters
Keras 2 turned such calls into layers; Keras 3 refuses them: `A KerasTensor cannot be used as input to a TensorFlow function.`

## Example
```python
a = keras.Input((4, 4))
b = tf.reduce_mean(a, axis=1)
```

## Use instead
```python
a = keras.Input((4, 4))
b = keras.ops.mean(a, axis=1)
```

## Fix
None yet: arguments of the two often have other names.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import raises

# TensorFlow names whose counterpart in keras.ops has another name.
RENAMED = {
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "concat": "concatenate",
    "pow": "power",
    "math.log": "log",
    "math.exp": "exp",
}


def check(context: Context) -> Iterator[Finding]:
    """Functions of other libraries on Keras tensors."""
    for failure in context.failures.get("KER304", ()):
        name = failure.call.canonical.partition(".")[2] or failure.call.canonical
        leaf = name.rpartition(".")[2]
        known = RENAMED.get(name, RENAMED.get(leaf, leaf))
        exists = context.catalogue.symbol(f"keras.ops.{known}") is not None
        advice = f"Use `keras.ops.{known}`" if exists else "Use a function of `keras.ops`"
        message = (
            f"`{context.source(failure.call.callee_span)}` cannot work on the symbolic tensors of Keras 3. {advice}, or call it in "
            f"a layer of your own. {raises(context, failure.error)}"
        )
        yield RULE.finding(failure.call.callee_span, message)


RULE = Rule("KER304", "raw-op-on-symbolic-tensor", Severity.ERROR, "none", check, __doc__ or "")
