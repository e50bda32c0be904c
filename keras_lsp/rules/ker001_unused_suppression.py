"""KER001: a comment suppresses a rule that reports nothing there.

## What it does
Reports `# keras-lsp: ignore[...]` and `# noqa: KER...` comments that suppress nothing, and comments that mean to speak to keras-lsp
and cannot be understood. Codes of rules that are not enabled are left alone.

## Why it matters
A suppression that outlives its finding hides the next one.

## Example
```python
layer = keras.layers.Dense(4)  # keras-lsp: ignore[KER108]
```

## Use instead
```python
layer = keras.layers.Dense(4)
```

## Fix
The comment, or the code in it, is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity


def check(context: Context) -> Iterator[Finding]:
    """Nothing by itself: `run.run_rules` knows which suppressions were used, once all other rules have run."""
    del context
    yield from ()


RULE = Rule("KER001", "unused-suppression", Severity.WARNING, "always", check, __doc__ or "")
