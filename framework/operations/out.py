"""`out=`: functions of tensors that write their result into a tensor of the caller's, without a gradient.

    torch.add(x, y, out=total)

`taking_out` gives the argument to a function that has it in PyTorch. What types a result may be
written into is a property of the function; the table below says it in the words of PyTorch's errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from framework.autograd import dtypes, straight
from framework.autograd.grad_mode import mode, no_grad
from framework.autograd.inplace import check_writable, refuse_overlap
from framework.autograd.operation import Operation
from framework.autograd.tensor import Tensor
from framework.operations import return_types

__all__ = ["fill_out", "taking_out", "with_out_by_own_names"]

_SAME = "Expected out tensor to have dtype {result_c}, but got {out_c} instead"
_CAST = "result type {result} can't be cast to the desired output type {out}"
_CASTABLE = "linalg.{short}: Expected result to be safely castable from {result} dtype, but got result with dtype {out}"
_CASTABLE_SHORT = _CASTABLE.removeprefix("linalg.")
_ANY = ""

_BY_RULE = {
    # A result may be written into any type.
    _ANY: """
        eq ge greater greater_equal gt isclose le less less_equal logical_and logical_not logical_or logical_xor lt ne
        not_equal bernoulli sum prod cumsum cumprod nansum nanmean
    """,
    # The result must be of a kind that the type can hold: no fraction into integers.
    _CAST: """
        acos acosh add addcdiv addcmul addr angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan
        atan2 atanh bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign cos cosh
        count_nonzero deg2rad diff digamma div divide erf erfc erfinv exp exp2 expm1 floor_divide fmax fmin fmod gcd
        hypot i0 igamma igammac kron lcm lerp lgamma log log10 log1p log2 logaddexp logaddexp2 logit max maximum mean
        min minimum mul multiply mvlgamma nextafter outer ger polygamma pow rad2deg reciprocal remainder rsqrt sigmoid
        sin sinc sinh sqrt square std sub subtract tan tanh threshold true_divide var xlogy clip range
    """,
    _SAME: """
        addmm addmv argmax argmin argsort baddbmm bmm cross diag gather index_add index_copy index_put index_reduce
        inverse isin linalg_cholesky linalg_cholesky_ex linalg_cross linalg_det linalg_eigh linalg_eigvalsh linalg_inv
        linalg_inv_ex linalg_ldl_factor linalg_ldl_factor_ex linalg_ldl_solve linalg_lu linalg_lu_factor
        linalg_lu_factor_ex linalg_lu_solve linalg_matmul linalg_qr linalg_slogdet linalg_solve linalg_solve_ex
        linalg_svd linalg_svdvals vector_norm log_softmax lu_solve lu_unpack matmul matrix_power mm msort mv norm renorm
        scatter scatter_add scatter_reduce slogdet softmax sort svd qr take_along_dim topk tril triu
        triangular_solve cholesky cholesky_inverse cholesky_solve addbmm chain_matmul aminmax frexp
        nuclear_norm frobenius_norm narrow_copy hardshrink
    """,
    "Found dtype {out} but expected {result}": """
        abs absolute bitwise_not ceil clamp clamp_max clamp_min conj_physical fix floor frac neg negative round sgn
        sign trunc
    """,
    "{name}: dtype of out: {out} should be same as input: {result}": "nan_to_num",
    "the output given to {name} has dtype {out} but the operation's result requires dtype {result}": "float_power",
    "{name} is not yet implemented for tensors with different dtypes.": "heaviside",
    "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} for out's dtype.": """
        amax amin
    """,
    "{name} only supports bool tensor for result, got: {out}": "all any",
    "{name} does not support non-boolean outputs.": "isneginf isposinf signbit",
    "{name}(): self and result must have the same scalar type": "index_select masked_select",
    "expected scalar_type {result} but found {out}": "cummax cummin logcumsumexp",
    "result dtype {out} does not match input dtype {result}": "dot vdot",
    "tensordot: Expected the output tensor to have dtype {result}, but got an output tensor with dtype {out}": """
        inner tensordot
    """,
    "{name} expects Long tensor out, got: {out}": "multinomial",
    "{name}: Expected out tensor to have scalar type Long but got scalar type{out}": "nonzero",
    "{name}() out tensor must be same dtype as the input tensor": "quantile nanquantile",
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether "
    "out_int32 flag is True, and we got output tensor's dtype {out} and out_int32 flag is {is_int}": """
        bucketize searchsorted
    """,
    "{name}(): self and out expected to have the same dtype, but got self.dtype = {result} and out.dtype = {out}": "take",
    "Expected out type to be {result} but got {out}": "where",
    "torch.histogram: input tensor and hist tensor should have the same dtype, but got input {result_c} and hist "
    "{out_c}": "histc histogram",
    _CASTABLE: "linalg_cond linalg_matrix_rank linalg_pinv",
    _CASTABLE_SHORT: "linalg_matrix_power linalg_tensorinv linalg_tensorsolve",
    "torch.linalg.householder_product: Expected result to be safely castable from {result} dtype, but got result with "
    "dtype {out}": "linalg_householder_product",
    "torch.ormqr: Expected input and result to have the same dtype, but input has dtype{result} and result has dtype "
    "{out}": "ormqr",
    "torch.linalg.lstsq: Expected solution to be safely castable from {result} dtype, but got solution with dtype {out}": (
        "linalg_lstsq"
    ),
    "linalg.matrix_norm expected out tensor dtype {result} but got: {out}": "linalg_matrix_norm",
    "multi_dot(): expected out tensor to have dtype {result_c} but got {out_c}": "linalg_multi_dot",
    "expected scalar type {result} but found {out}": "linalg_solve_triangular",
    "linalg.vecdot: Expected out of dtype{result} but found {out}": "linalg_vecdot",
    "linalg.norm expected out tensor dtype {result} but got: {out}": "linalg_norm",
    "output values must be of same type as input": "kthvalue",
    "expected scalar type '{result}' but got '{out}' for values output": "mode",
    "Expected tensor for 'values' to have the same type as tensor for argument #2 'self'; but type torch.{out}Tensor "
    "does not equal torch.{result}Tensor (while checking arguments for median)": "median nanmedian",
    "{name}(): Expected floating point type for result tensor, but got: {out}": "logsumexp",
    "torch.cat(): input types can't be cast to the desired output type {out}": """
        cat column_stack concat concatenate dstack hstack row_stack stack vstack
    """,
}
_RULES = {name: rule for rule, names in _BY_RULE.items() for name in names.split()}
_CASTING = ("cat", "linalg_householder_product", "linalg_lstsq", "logsumexp")
_CASTS = {_CAST, _CASTABLE, _CASTABLE_SHORT, *[_RULES[each] for each in _CASTING]}
_ELEMENTWISE = {_CAST, _RULES["eq"], _RULES["clamp"]}
_SUMS = {"mean", "nanmean", "nansum", "prod", "std", "sum", "var"}
_APART = {"cat", "gather", "index_select", "kthvalue", "masked_select", "take"}
_IN_TYPE_OF_OUT = {"sum", "prod", "cumsum", "cumprod", "nansum", "nanmean"}
_TYPE_ERRORS = {_RULES["cat"]}


def taking_out(name: str, value: Any) -> Any:
    """What a public name stands for: with `out=` added if it is a function that takes it in PyTorch."""
    return _taking_out(value, name, _RULES[name]) if name in _RULES else value


def with_out_by_own_names(namespace: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """`taking_out` for a namespace of functions whose own names are others, such as `linalg_inv`."""
    found = {}
    for each in names:
        own = namespace[each].__name__
        rule = _CAST if own.startswith("special_") else _RULES.get(own)
        if rule is not None:
            found[each] = _taking_out(namespace[each], own, rule)
    return found


def _taking_out(function: Any, name: str, rule: str) -> Callable[..., Any]:
    """The function with `out=` added to its parameters; written out at its first call, as most never see one."""
    # The plain function of an operation: `torch.exp` is called as quickly as `Tensor.exp`.
    plain: Callable[..., Any] = function.function if isinstance(function, Operation) else function
    if "out" in _parameters(function):
        return plain

    def into(out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _written_into(out, name, rule, plain, args, kwargs)

    def first_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        _write(call, function)
        return call(*args, **kwargs)

    call = FunctionType(straight.UNWRITTEN, {"plain": plain, "into": into, "first_call": first_call}, name)
    call.__qualname__, call.__doc__, call.__module__ = name, function.__doc__, __name__
    call.__wrapped__ = plain  # type: ignore[attr-defined]  # whose parameters `help` shows
    return call


def _parameters(function: Any) -> tuple[str, ...]:
    if isinstance(function, Operation):
        return function.parameters
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names


def _write(call: FunctionType, function: Any) -> None:
    """Gives `call` its code, parameter by parameter: `*args` and `**kwargs` would cost twice as much per call."""
    keyword_defaults: dict[str, Any] = {}
    keywords: tuple[str, ...] = ()
    if isinstance(function, Operation):
        positional, defaults = function.parameters, function.defaults
        open_ended = "dim" in positional  # which it takes as `axis` too
    else:
        count = function.__code__.co_argcount
        positional, keywords = _parameters(function)[:count], _parameters(function)[count:]
        defaults, keyword_defaults = function.__defaults__, function.__kwdefaults__ or {}
        open_ended = bool(function.__code__.co_flags & _OPEN_ENDED)
    if open_ended:
        text = _TEXT.format(parameters="*args, out, **kwargs", given="*args, **kwargs", args="args", kwargs="kwargs")
        defaults, keyword_defaults = (), {}
    else:
        text = _TEXT.format(
            parameters=", ".join([*positional, "*", *keywords, "out"]),
            given=", ".join([*positional, *(f"{each}={each}" for each in keywords)]),
            args="".join(["(", *(f"{each}, " for each in positional), ")"]),
            kwargs="".join(["{", *(f"{each!r}: {each}, " for each in keywords), "}"]),
        )
    call.__defaults__ = tuple(defaults or ())
    call.__kwdefaults__ = {**keyword_defaults, "out": None}
    call.__code__ = straight.code(text)


# What `inspect`, which takes longer to load than all of this, calls CO_VARARGS and CO_VARKEYWORDS.
_OPEN_ENDED = 4 | 8
_TEXT = """
def call({parameters}):
    if out is None:
        return plain({given})
    return into(out, {args}, {kwargs})
"""


def _written_into(
    out: Any, name: str, rule: str, plain: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    targets = out if isinstance(out, (tuple, list)) else (out,)
    if mode.recording and any([each.requires_grad for each in _tensors((targets, args, kwargs.values()))]):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if name in _IN_TYPE_OF_OUT and kwargs.get("dtype") is None and isinstance(out, Tensor):
        kwargs["dtype"] = out.dtype
    with no_grad():
        result = plain(*args, **kwargs)
    results = result if isinstance(result, tuple) else (result,)
    _check_targets(name, out, targets, results)
    for number, (target, value) in enumerate(zip(targets, results, strict=True)):
        _check_type(name, target, value, _SAME if number or (rule == _CAST and len(results) > 1) else rule)
    for target, value in zip(targets, results, strict=True):
        if name in _APART or (rule in _ELEMENTWISE and name not in _SUMS and value.shape == target.shape):
            refuse_overlap(target, _tensors((args, kwargs.values())), name in _APART)
        fill_out(target, value._array)
    return return_types.with_out(result, targets) if isinstance(result, tuple) else out


def _tensors(value: Any) -> Iterator[Tensor]:
    for each in value:
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, (tuple, list)):
            yield from _tensors(each)


def _check_targets(name: str, out: Any, targets: Any, results: Any) -> None:
    if (out is targets) != (len(results) > 1) or len(targets) != len(results):
        wanted = "Tensor" if len(results) == 1 else "tuple of Tensors"
        raise TypeError(f"{name}(): argument 'out' must be {wanted}, not {type(out).__name__}")
    for each in targets:
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(each).__name__}")


def _check_type(name: str, target: Tensor, value: Tensor, rule: str) -> None:
    """Raises where a result may not be written into a tensor of that type."""
    wanted, given = value.dtype, target.dtype
    if rule == _ANY or wanted is given or (rule in _CASTS and dtypes.can_cast(wanted, given)):
        return
    words = rule.format(
        name=name,
        short=name.removeprefix("linalg_"),
        result=wanted.scalar_name,
        out=given.scalar_name,
        result_c=dtypes.c_name(wanted),
        out_c=dtypes.c_name(given),
        is_int=wanted.name == "int32",
    )
    raise (TypeError if rule in _TYPE_ERRORS else RuntimeError)(words)


def fill_out(out: Tensor, array: Any) -> Tensor:
    """Writes a result into `out`, which takes the result's shape: with a warning if it had elements."""
    check_writable(out, False)
    before = out._array
    if before.shape != array.shape:
        if before.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(before.shape)}, which does "
                f"not match the required output shape {list(array.shape)}. This behavior is deprecated, and in a "
                "future PyTorch release outputs will not be resized unless they have zero elements. You can explicitly "
                "reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
                stacklevel=3,
            )
        out._array = np.astype(array, before.dtype)
    else:
        np.copyto(before, array, casting="unsafe")
    out._bump()
    return out
