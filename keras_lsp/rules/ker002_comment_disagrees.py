"""KER002: a shape comment says something else than the program.

## What it does
Reports `# shape: (n, 28, 28)` behind an assignment whose value has another shape.

## Why it matters
Such comments tell keras-lsp, and people, what cannot be seen in the program. One that is wrong misleads both; keras-lsp believes
the program.

## Example
```python
x = np.zeros((100, 28, 28))  # shape: (100, 784)
```

## Use instead
```python
x = np.zeros((100, 28, 28))  # shape: (100, 28, 28)
```

## Fix
None: the comment or the program may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import shapes


def check(context: Context) -> Iterator[Finding]:
    """Contracts that the program breaks."""
    for span, text, known in context.facts.comments_disagree:
        yield RULE.finding(span, f"The comment says {text}, and the value is {shapes(known)}. Correct one of them.")


RULE = Rule("KER002", "comment-disagrees", Severity.WARNING, "none", check, __doc__ or "")
