"""One dimension of a shape: an int, `None` (dynamic, as Keras prints it), or a named integer expression.

Expressions are kept in a normal form (a polynomial over atoms), so that equal expressions compare equal; there is no
solver. An expression that mentions an *opaque* symbol stands for a size that nothing is known about.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

# Longer polynomials come from folding whole programs into one size; nobody can read them and they cost time.
MAX_TERMS = 12

_identities = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named size that the program computes from data we cannot see; identity, not the name, makes it equal."""

    name: str
    identity: int
    opaque: bool = False

    def __str__(self) -> str:
        return "?" if self.opaque else self.name


@dataclass(frozen=True, slots=True)
class Composite:
    """`floor(left / right)`, `left mod right`, `max` or `min` of two sizes, where no polynomial expresses it."""

    operator: str  # "//", "%", "max", "min"
    left: Expr
    right: Expr

    def __str__(self) -> str:
        if self.operator in ("max", "min"):
            return f"{self.operator}({self.left}, {self.right})"
        return f"{_parenthesised(self.left)}{self.operator}{_parenthesised(self.right)}"


Atom: TypeAlias = Symbol | Composite
Monomial: TypeAlias = tuple[Atom, ...]


@dataclass(frozen=True, slots=True, eq=True, repr=False)
class Expr:
    """A polynomial with integer coefficients over symbols: `2*units + 1`, `(h - 3)//2 + 1`."""

    terms: tuple[tuple[Monomial, int], ...]

    @property
    def opaque(self) -> bool:
        """Whether some part of it stands for a size nothing is known about."""
        return any(_is_opaque(atom) for monomial, _ in self.terms for atom in monomial)

    def __str__(self) -> str:
        if self.opaque:
            return "?"
        ordered = sorted(self.terms, key=lambda term: not term[0])  # the constant comes last
        text = ""
        for monomial, coefficient in ordered:
            size = abs(coefficient)
            alone = len(monomial) == 1 and size == 1
            factors = "*".join(str(atom) if alone else _factor(atom) for atom in monomial)
            body = str(size) if not factors else factors if size == 1 else f"{size}*{factors}"
            if text:
                text += f" - {body}" if coefficient < 0 else f" + {body}"
            else:
                text = f"-{body}" if coefficient < 0 else body
        return text or "0"

    def __repr__(self) -> str:
        return str(self)  # error texts hold shapes as Python writes them

    def __add__(self, other: object) -> Expr | int:
        return _combine(self, _expr(other), 1) if isinstance(other, int | Expr) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: object) -> Expr | int:
        return _combine(self, _expr(other), -1) if isinstance(other, int | Expr) else NotImplemented

    def __rsub__(self, other: object) -> Expr | int:
        return _combine(_expr(other), self, -1) if isinstance(other, int | Expr) else NotImplemented

    def __mul__(self, other: object) -> Expr | int:
        return _multiply(self, _expr(other)) if isinstance(other, int | Expr) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Expr | int:
        return _multiply(self, _expr(-1))

    def __floordiv__(self, other: object) -> Expr | int:
        return _floor_divide(self, _expr(other)) if isinstance(other, int | Expr) else NotImplemented

    def __rfloordiv__(self, other: object) -> Expr | int:
        return _floor_divide(_expr(other), self) if isinstance(other, int | Expr) else NotImplemented

    def __mod__(self, other: object) -> Expr | int:
        return _remainder(self, _expr(other)) if isinstance(other, int | Expr) else NotImplemented

    def __rmod__(self, other: object) -> Expr | int:
        return _remainder(_expr(other), self) if isinstance(other, int | Expr) else NotImplemented


Dim: TypeAlias = int | Expr | None
Shape: TypeAlias = tuple[Dim, ...]


def symbol(name: str) -> Expr:
    """A new size known only by the name of the variable that holds it."""
    return Expr((((Symbol(name, next(_identities)),), 1),))


def opaque() -> Expr:
    """A new size that nothing is known about; printed `?`, equal only to itself."""
    return Expr((((Symbol("?", next(_identities), opaque=True),), 1),))


def is_opaque(dim: Dim) -> bool:
    """Whether nothing is known about this size (a dynamic `None` is known to be dynamic)."""
    return isinstance(dim, Expr) and dim.opaque


def add(left: Dim, right: Dim) -> Dim:
    """Sum; dynamic if either is."""
    return None if left is None or right is None else left + right


def subtract(left: Dim, right: Dim) -> Dim:
    """Difference; dynamic if either is."""
    return None if left is None or right is None else left - right


def multiply(left: Dim, right: Dim) -> Dim:
    """Product; dynamic if either is."""
    return None if left is None or right is None else left * right


def floor_divide(left: Dim, right: Dim) -> Dim:
    """Floor of the quotient; dynamic if either is, opaque when dividing by zero."""
    if left is None or right is None:
        return None
    return opaque() if right == 0 else left // right


def ceil_divide(left: Dim, right: Dim) -> Dim:
    """Ceiling of the quotient; dynamic if either is."""
    if left is None or right is None:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return -(-left // right) if right else opaque()
    return floor_divide(add(left, subtract(right, 1)), right)


def modulo(left: Dim, right: Dim) -> Dim:
    """Remainder; dynamic if either is, opaque when dividing by zero."""
    if left is None or right is None:
        return None
    return opaque() if right == 0 else left % right


def maximum(left: Dim, right: Dim) -> Dim:
    """The larger one; an expression where that cannot be decided."""
    return _extreme("max", left, right)


def minimum(left: Dim, right: Dim) -> Dim:
    """The smaller one; an expression where that cannot be decided."""
    return _extreme("min", left, right)


def product(dims: Iterable[Dim]) -> Dim:
    """Product of sizes; 0 if one of them is 0, else dynamic if one of them is."""
    result: Dim = 1
    dynamic = False
    for dim in dims:
        if dim is None:
            dynamic = True
        else:
            assert result is not None
            result = result * dim
    return None if dynamic and result != 0 else result


def same(left: Dim, right: Dim) -> bool:
    """Whether two sizes are certainly equal (two dynamic sizes are not)."""
    return left is not None and left == right


def differ(left: Dim, right: Dim) -> bool:
    """Whether two sizes are certainly different: both known, or apart by a constant."""
    if left is None or right is None:
        return False
    difference = left - right
    return isinstance(difference, int) and difference != 0


def unify(left: Dim, right: Dim) -> Dim:
    """The more informative of two sizes that are the same at run time: int, then named, then opaque, then dynamic."""
    return min(left, right, key=_vagueness)


def join(left: Dim, right: Dim) -> Dim:
    """What is known when either may be the case."""
    if left == right:
        return left
    if left is None or right is None:
        other = right if left is None else left
        return None if isinstance(other, int) or other is None else opaque()
    return opaque()


def format_shape(shape: Iterable[Dim] | None) -> str:
    """`(None, 28, n)`, as Keras prints shapes; `(...)` where even the rank is unknown."""
    if shape is None:
        return "(...)"
    dims = [str(dim) for dim in shape]
    return f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"


def _vagueness(dim: Dim) -> int:
    if isinstance(dim, int):
        return 0
    if dim is None:
        return 3
    return 2 if dim.opaque else 1


def _is_opaque(atom: Atom) -> bool:
    if isinstance(atom, Symbol):
        return atom.opaque
    return atom.left.opaque or atom.right.opaque


def _expr(value: object) -> Expr:
    if isinstance(value, Expr):
        return value
    assert isinstance(value, int)
    return Expr((((), int(value)),)) if value else Expr(())


def _simplify(terms: dict[Monomial, int]) -> Expr | int:
    kept = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    if len(kept) > MAX_TERMS:
        return opaque()
    return Expr(tuple(sorted(kept.items(), key=_order)))


def _order(term: tuple[Monomial, int]) -> tuple[int, str]:
    return (-len(term[0]), repr(term[0]))


def _combine(left: Expr, right: Expr, sign: int) -> Expr | int:
    terms = dict(left.terms)
    for monomial, coefficient in right.terms:
        terms[monomial] = terms.get(monomial, 0) + sign * coefficient
    return _simplify(terms)


def _multiply(left: Expr, right: Expr) -> Expr | int:
    terms: dict[Monomial, int] = {}
    for first, a in left.terms:
        for second, b in right.terms:
            monomial = tuple(sorted((*first, *second), key=repr))
            terms[monomial] = terms.get(monomial, 0) + a * b
    return _simplify(terms)


def _floor_divide(left: Expr, right: Expr) -> Expr | int:
    if left == right:
        return 1
    divisor = _constant(right)
    if divisor == 1:
        return _simplify(dict(left.terms))
    if divisor is not None and divisor != 0:
        # floor((d*x + c) / d) = x + floor(c / d) for whole x
        whole: dict[Monomial, int] = {}
        rest: dict[Monomial, int] = {}
        for monomial, coefficient in left.terms:
            if coefficient % divisor == 0:
                whole[monomial] = coefficient // divisor
            else:
                rest[monomial] = coefficient
        if whole:
            remaining = _simplify(rest)
            quotient = remaining // divisor if isinstance(remaining, int) else _atom("//", remaining, right)
            return _combine(_expr(_simplify(whole)), _expr(quotient), 1)
    else:
        quotient = _divide_monomials(left, right)
        if quotient is not None:
            return quotient
    return _atom("//", left, right)


def _divide_monomials(left: Expr, right: Expr) -> Expr | int | None:
    """`a*b // a`, exactly: every term of `left` must contain the single term of `right`."""
    if len(right.terms) != 1:
        return None
    divisor, factor = right.terms[0]
    terms: dict[Monomial, int] = {}
    for monomial, coefficient in left.terms:
        remaining = list(monomial)
        for atom in divisor:
            if atom not in remaining:
                return None
            remaining.remove(atom)
        if coefficient % factor:
            return None
        terms[tuple(remaining)] = coefficient // factor
    return _simplify(terms)


def _remainder(left: Expr, right: Expr) -> Expr | int:
    if left == right:
        return 0
    divisor = _constant(right)
    if divisor is not None and divisor != 0:
        rest = _simplify({monomial: coefficient % divisor for monomial, coefficient in left.terms})
        return rest % divisor if isinstance(rest, int) else _atom("%", rest, right)
    if _divide_monomials(left, right) is not None:
        return 0
    return _atom("%", left, right)


def _extreme(operator: str, left: Dim, right: Dim) -> Dim:
    if left is None or right is None:
        return None
    difference = left - right
    if isinstance(difference, int):
        return left if (difference > 0) == (operator == "max") else right
    return _atom(operator, _expr(left), _expr(right))


def _atom(operator: str, left: Expr, right: Expr) -> Expr:
    return Expr((((Composite(operator, left, right),), 1),))


def _constant(expr: Expr) -> int | None:
    if not expr.terms:
        return 0
    if len(expr.terms) == 1 and expr.terms[0][0] == ():
        return expr.terms[0][1]
    return None


def _factor(atom: Atom) -> str:
    divides = isinstance(atom, Composite) and atom.operator in ("//", "%")
    return f"({atom})" if divides else str(atom)


def _parenthesised(expr: Expr) -> str:
    text = str(expr)
    return f"({text})" if len(expr.terms) > 1 else text
