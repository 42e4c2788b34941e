"""NumPy's complaints in PyTorch's words: the same exception types and messages that code for PyTorch expects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.float_errors import quietly

unsupported: dict[str, Callable[[Sequence[Any]], Exception]] = {}
"""What an operation, by its name, raises for types that NumPy has no loop for, where a plain message does not do."""


def translated(error: Exception, name: str, values: Sequence[Any]) -> Exception:
    """The exception to raise for one that NumPy raised in operation `name` on these values."""
    if isinstance(error, np.exceptions.AxisError) and error.axis is not None and error.ndim is not None:
        return dimension_error(error.axis, error.ndim)
    if isinstance(error, ValueError) and "broadcast" in str(error):
        shapes = [each.shape for each in values if hasattr(each, "shape")]
        return broadcast_error(shapes) or error
    if isinstance(error, TypeError) and name in unsupported:
        return unsupported[name](values)
    if isinstance(error, np.exceptions.DTypePromotionError | np._core._exceptions._UFuncNoLoopError):  # type: ignore[attr-defined]
        return no_kernel(name, values)
    return error


def retried(error: Exception, operation: Any, values: Sequence[Any]) -> Any:
    """What to do about an exception from the quick way: raises it in PyTorch's words.

    A signal handler or a finalizer may run an operation in the midst of another, in whose silence it cannot be run.
    """
    if error.__class__ is RuntimeError and str(error).startswith("cannot enter context"):
        return quietly(operation.forward, *values)
    if hasattr(error, "again"):
        # The arrays refuse the function and know another way to run it.
        return error.again(operation.forward, values)
    raise translated(error, operation.name, values[0] if operation.sequence else values) from None


def as_array(operation: Any, result: Any) -> Any:
    """What an operation's function returned: NumPy's numbers as arrays, arrays of other kinds as they are."""
    if isinstance(result, np.generic):
        return np.asarray(result)
    if hasattr(result, "dtype"):
        return result
    several = "; for several results, say outputs=… or name them in residuals=[…]" if isinstance(result, tuple) else ""
    raise TypeError(
        f"the function of operation {operation.name!r} must return an array, such as np.asarray(…) makes, "
        f"not {type(result).__name__}{several}"
    )


def no_kernel(name: str, values: Sequence[Any]) -> NotImplementedError:
    """What PyTorch says of types that an operation does not take."""
    kind = next(dtypes.from_numpy(each.dtype).scalar_name for each in values if hasattr(each, "dtype"))
    return NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")


def dimension_error(dim: int, ndim: int) -> IndexError:
    """What PyTorch says of a dimension that is not there."""
    bound = ndim or 1
    return IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")


def broadcast_error(shapes: Sequence[tuple[int, ...]]) -> RuntimeError | None:
    """What PyTorch says of shapes that do not broadcast; None if they do."""
    if not shapes:
        return None
    result = shapes[0]
    for shape in shapes[1:]:
        ndim = max(len(result), len(shape))
        a = (1,) * (ndim - len(result)) + tuple(result)
        b = (1,) * (ndim - len(shape)) + tuple(shape)
        for dim in range(ndim - 1, -1, -1):
            if a[dim] != b[dim] and 1 not in (a[dim], b[dim]):
                return RuntimeError(
                    f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) at non-singleton "
                    f"dimension {dim}"
                )
        result = tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))
    return None
