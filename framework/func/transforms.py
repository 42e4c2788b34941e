"""Derivatives of functions, as functions: `grad`, `vjp`, `jvp` and what is made of them. They nest in any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from framework.autograd import differentiate
from framework.autograd.grad_mode import mode
from framework.autograd.pushing import check_direction, close, leads_beyond, pusher
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.trees import flatten, unflatten
from framework.func.arguments import Opened, recorded, tensors_of, with_aux

JVP = "jvp(f, primals, tangents)"


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function with a scalar result by the arguments at `argnums`, shaped as they are.

    With `has_aux` the function returns (result, more), and the gradient comes with what it returned besides.
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """`grad`, with the function's result beside the gradient."""
    name = "grad_and_value(f)(*args)"

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with recorded() as outside:
            opened = Opened(args, argnums)
            output, aux = with_aux(func(*opened.args, **kwargs), has_aux, name)
            if not isinstance(output, Tensor):
                raise RuntimeError(f"{name}: Expected f(*args) to return a Tensor, got {type(output)}")
            if output.dim() != 0:
                raise RuntimeError(
                    f"{name}: Expected f(*args) to return a scalar Tensor, got tensor with {output.dim()} dims. Maybe "
                    "you wanted to use the vjp or jacrev APIs instead?"
                )
            # Recorded only if someone outside can differentiate further.
            create_graph = outside and leads_beyond([output], opened.own)
            found = pulled([output], opened.aliases, None, has_aux or create_graph, create_graph)
            gradient = opened.settled(unflatten(found, opened.form), outside)
            value = opened.settled(output, outside)
            close(opened.own)
            return gradient, ((value, opened.aux(aux, outside)) if has_aux else value)

    return wrapper


def pulled(
    outputs: list[Tensor], inputs: list[Tensor], weights: list[Tensor] | None, retain_graph: bool, create_graph: bool
) -> list[Tensor]:
    """The gradients of weighted outputs, zeros for inputs that they do not depend on."""
    starts: list[Any] = [None] * len(outputs) if weights is None else weights
    pairs = [(each, start) for each, start in zip(outputs, starts, strict=True) if each.requires_grad]
    found: Any = [None] * len(inputs)
    if pairs:
        results, given = zip(*pairs, strict=True)
        found = differentiate.grad(results, inputs, given, retain_graph, create_graph, True)
    return [wrap(np.zeros_like(a._array)) if g is None else g for a, g in zip(inputs, found, strict=True)]


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The function's result, and a function from weights of it to its weighted gradients, one for each argument."""
    return vjp_by(func, primals, None, has_aux)


def vjp_by(func: Callable[..., Any], primals: tuple[Any, ...], argnums: Any, has_aux: bool) -> Any:
    """`vjp` by the arguments at `argnums` (None: by all)."""
    with recorded() as outside:
        opened = Opened(primals, argnums)
        result, aux = with_aux(func(*opened.args), has_aux, "vjp(f, *primals)")
        if has_aux:
            aux = opened.aux(aux, outside)
        outputs, form = tensors_of(result, "vjp(f, *primals)")
        for each in outputs:
            if not each.is_floating_point():
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    f"{each.dtype}"
                )
        shown = opened.settled(result, outside)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        weights, given = flatten(cotangents)
        if given != form:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {given.short()}, primal output: {form.short()}"
            )
        create = bool(mode.recording) if create_graph is None else create_graph
        create = create and (leads_beyond(outputs, opened.own) or leads_beyond(weights, []))
        found = pulled(outputs, opened.aliases, weights, retain_graph, create)
        return opened.settled(unflatten(found, opened.form), create)

    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """The function's result, and how it changes along `tangents`, which are of the form of `primals`."""
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    given, form = flatten(primals)
    directions, tangent_form = flatten(tangents)
    if form != tangent_form:
        raise RuntimeError(
            f"{JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {form} and tangents with structure "
            f"{tangent_form}"
        )
    for name, leaves in (("primals", given), ("tangents", directions)):
        if not leaves:
            raise RuntimeError(f"{JVP}: Expected {name} to contain at least one Tensor.")
        for each in leaves:
            if not isinstance(each, Tensor):
                raise RuntimeError(f"{JVP}: Expected {name} to only contain Tensors, got {type(each)}")
    for primal, direction in zip(given, directions, strict=True):
        check_direction(primal, direction)
    forward = Forward(func, primals, None, has_aux)
    found = forward.along(directions, strict)
    return (forward.shown, found, forward.aux) if has_aux else (forward.shown, found)


class Forward:
    """A call of a function from which its derivatives along any directions can be read."""

    def __init__(self, func: Callable[..., Any], primals: tuple[Any, ...], argnums: Any, has_aux: bool) -> None:
        with recorded() as self.outside:
            self.opened = Opened(primals, argnums, duals=True)
            result, self.aux = with_aux(func(*self.opened.args), has_aux, JVP)
            if has_aux:
                self.aux = self.opened.aux(self.aux, self.outside)
            self.outputs, self.form = tensors_of(result, JVP)
            self._push = pusher(self.outputs, self.opened.own)
            self.shown = self.opened.settled(result, self.outside)
            close(self.opened.own)

    def along(self, directions: list[Tensor], strict: bool = False) -> Any:
        """How the results change along these directions, one for each tensor differentiated by; in their form."""
        own = self.opened.own
        create = self.outside and (leads_beyond(self.outputs, own) or leads_beyond(directions, []))
        found = self._push(directions, create)
        for index, each in enumerate(found):
            if each is None:
                if strict:
                    raise RuntimeError(
                        "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This "
                        "is not allowed with strict=True."
                    )
                found[index] = wrap(np.zeros_like(self.outputs[index]._array))
        return self.opened.settled(unflatten(found, self.form), create)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The function's result, and the function from tangents to how it changes along them; `func` is called once."""
    forward = Forward(func, primals, None, False)
    given, form = flatten(primals)

    def push(*tangents: Any) -> Any:
        directions, tangent_form = flatten(tangents)
        if tangent_form != form:
            raise RuntimeError(f"Expected the tangents {tangent_form} to have the same argspec as the primals {form}")
        for index, (primal, direction) in enumerate(zip(given, directions, strict=True)):
            _check_alike(index, primal, direction)
        return forward.along(directions)

    return forward.shown, push


def _check_alike(index: int, primal: Tensor, direction: Tensor) -> None:
    for name in ("shape", "device", "dtype"):
        found, expected = getattr(direction, name), getattr(primal, name)
        if found != expected:
            raise RuntimeError(
                f"tangent:{index} with {name} {found} in flattened pytree doesn't match the {name} {expected} of the "
                "corresponding primal."
            )


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> NoReturn:
    """Not here: it takes a traced program apart."""
    raise NotImplementedError(
        "torch.func.functionalize rewrites the program of a traced function, and there is none here. Call the function "
        "as it is: in-place operations and views can be differentiated, mapped and compiled without it"
    )


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """The tensor itself: transforms give functions plain tensors."""
    return tensor


__all__ = ["debug_unwrap", "functionalize", "grad", "grad_and_value", "jvp", "linearize", "vjp"]
