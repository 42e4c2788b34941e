"""The in-place forms that PyTorch has as functions too: `exp_(x)` is `x.exp_()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor

_ONE_ARGUMENT = """
abs_ acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ conj_physical_ cos_
cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fix_ floor_ frac_ i0_ log10_ log1p_ log2_ log_ neg_ negative_
rad2deg_ reciprocal_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_
""".split()
_MORE_ARGUMENTS = """
addmv_ as_strided_ clamp_ clamp_max_ clamp_min_ clip_ gcd_ index_put_ lcm_ ldexp_ logit_ nan_to_num_ resize_as_ round_
xlogy_
""".split()


def __getattr__(name: str) -> Callable[..., Any]:
    if name in _ONE_ARGUMENT:
        return _of_one(name)
    if name in _MORE_ARGUMENTS:
        return _of_more(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`input.{name}(…)`: writes into `input` and returns it."
    return function


def _of_one(name: str) -> Callable[..., Any]:
    method = getattr(Tensor, name)

    def function(*args: Any, **named: Any) -> Tensor:
        if len(args) > 1:
            raise TypeError(f"{name}() takes 1 positional argument but {len(args)} were given")
        if not args and "input" not in named:
            raise TypeError(f'{name}() missing 1 required positional arguments: "input"')
        input = args[0] if args else named.pop("input")
        if named:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
        check_tensor(name, "input", 1, input)
        result: Tensor = method(input)
        return result

    return _named(function, name)


def _of_more(name: str) -> Callable[..., Any]:
    method = getattr(Tensor, name)

    def function(input: Tensor, *args: Any, **named: Any) -> Tensor:
        check_tensor(name, "input", 1, input)
        result: Tensor = method(input, *args, **named)
        return result

    return _named(function, name)
