"""`Function`: an operation with a backward of your own, as `torch.autograd.Function`.

class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad

y = Cube.apply(x)
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_writable, take_place
from framework.autograd.nodes import Node, new, sequence
from framework.autograd.operation_node import FREED, modified_error, placed
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, full_name, wrap
from framework.autograd.views import View


class FunctionCtx:
    """What `forward` leaves for `backward`. Attributes of your own may be set on it."""

    needs_input_grad: tuple[bool, ...] = ()
    _materialize = True
    _to_save: tuple[Any, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _non_differentiable: tuple[Tensor, ...] = ()
    _saved: Any = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for backward: inputs, outputs or others. Writes to them afterwards are noticed."""
        for number, each in enumerate(tensors):
            if each is not None and not isinstance(each, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {number} is of type {type(each).__name__}"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Accepted as in PyTorch; forward-mode rules are not used."""

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was kept, in the order it was given."""
        if self._saved is None:
            raise RuntimeError(FREED)
        return tuple(each() for each in self._saved)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Says that `forward` wrote into these inputs, which it returns."""
        for number, each in enumerate(tensors):
            if not isinstance(each, Tensor):
                raise RuntimeError(
                    f"mark_dirty can only accept variables, but argument {number} is of type {type(each).__name__}"
                )
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Says that these outputs have no gradient."""
        for each in tensors:
            if not isinstance(each, Tensor):
                raise RuntimeError(
                    f"mark_non_differentiable only accepts variable arguments, but got {type(each).__name__}"
                )
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, `backward` gets None, not zeros, for outputs that nothing used."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got "
                f"({type(value).__name__}), but expected (bool)"
            )
        self._materialize = value


class FunctionNode(Node):
    """The node of a `Function`; attributes of its ctx can be read from it."""

    __slots__ = ("ctx",)

    ctx: FunctionCtx
    function: type[Function]
    arguments: int
    tensor_arguments: tuple[int, ...]

    def __getattr__(self, name: str) -> Any:
        if name == "ctx" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.ctx, name)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self.ctx.saved_tensors

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        ctx = self.ctx
        gradients = []
        for each, shape, dtype in zip(gradient, self.shape, self.dtype, strict=True):
            if each is None:
                gradients.append(wrap(np.zeros(shape, dtype)) if ctx._materialize and dtype is not None else None)
            else:
                gradients.append(each if isinstance(each, Tensor) else wrap(each))
        results = self.function._formula()(ctx, *gradients)
        results = list(results) if isinstance(results, tuple) else [results]
        while len(results) > self.arguments and results[-1] is None:
            results.pop()
        if len(results) != self.arguments:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {self.arguments}, got {len(results)})"
            )
        for position, each in enumerate(results):
            if each is not None and position not in self.tensor_arguments:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {position + 1}, but "
                    "the corresponding forward input was not a Variable"
                )
            if each is not None and not isinstance(each, Tensor):
                raise RuntimeError(f"expected Variable or None (got {full_name(type(each))})")
        chosen = [results[position] for position in self.tensor_arguments]
        return chosen if create_graph else [None if each is None else each._array for each in chosen]

    def release(self) -> None:
        if self.ctx._saved:
            self.ctx._saved = None


class _Meta(type):
    """Makes the node class that bears the Function's name."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._backward_cls = type(f"{name}Backward", (FunctionNode,), {"__slots__": (), "function": cls})


class Function(metaclass=_Meta):
    """An operation whose `forward(ctx, …)` and `backward(ctx, *gradients)` you write; called as `YourFunction.apply(…)`.

    `forward` may also be written without `ctx`, beside a `setup_context(ctx, inputs, output)`.
    """

    _backward_cls: Any

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the outputs; its operations are not recorded."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Returns a gradient, or None, for each argument of `forward`."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    # The same by another name: a class has one of the two.
    vjp = backward

    setup_context: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @classmethod
    def _formula(cls) -> Callable[..., Any]:
        """What computes the gradients: `backward`, or `vjp`."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Calls the function, and records it where gradients are needed."""
        if kwargs or cls.setup_context is not None:
            args = _bound(cls, args, kwargs)
        ctx = FunctionCtx()
        needs = tuple(isinstance(each, Tensor) and each.requires_grad for each in args)
        recording = mode.recording
        ctx.needs_input_grad = needs
        # Taken before forward, which may write into its inputs.
        edges = [_edge(each) for each in args if isinstance(each, Tensor)]
        mode.recording = False
        started = 0.0 if mode.observer is None else perf_counter()
        try:
            if cls.setup_context is None:
                output = cls.forward(ctx, *args)
            else:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
        finally:
            mode.recording = recording
        outputs = output if isinstance(output, tuple) else (output,)
        node: Any = new(cls._backward_cls) if recording and any(needs) else None
        results = _settle(ctx, args, outputs, node)
        if mode.observer is not None and mode.trace is None:
            mode.observer.custom(cls.__name__, args, results, started)
        if node is not None:
            _record(node, ctx, args, edges, outputs, results)
        ctx._to_save = ctx._dirty = ctx._non_differentiable = ()
        return tuple(results) if isinstance(output, tuple) else results[0]


def _bound(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments by position; `setup_context` is given the defaults of `forward` too."""
    forward = function.forward
    if function.setup_context is None:
        # Its first parameter is the ctx.
        return inspect.signature(forward).bind(None, *args, **kwargs).args[1:]
    if not kwargs and len(args) == forward.__code__.co_argcount:
        return args
    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args


def _edge(tensor: Tensor) -> Any:
    if not tensor.requires_grad:
        return None
    edge = tensor.edge
    return tensor if edge is None else edge


def _among(tensor: Any, tensors: Sequence[Any]) -> bool:
    return any(tensor is each for each in tensors)


def _settle(ctx: FunctionCtx, args: tuple[Any, ...], outputs: tuple[Any, ...], node: Any) -> list[Any]:
    """The tensors to hand out: inputs that were written into are themselves, those merely returned become views."""
    for each in ctx._dirty:
        if not _among(each, outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        each._bump()
        if node is not None:
            _check_dirty(each, outputs)
    results = []
    origin = "function" if len(outputs) == 1 else "multiple"
    for each in outputs:
        if not isinstance(each, Tensor):
            results.append(each)
            continue
        constant = node is None or each._array.dtype.kind != "f" or _among(each, ctx._non_differentiable)
        if _among(each, ctx._dirty):
            each = each.detach() if constant and each.requires_grad else each
        elif _among(each, args):
            each = each.detach() if constant and each.requires_grad else _alias(each, origin)
        elif constant and each._requires_grad and each._view is None:
            each = each.detach()
        elif not constant and each._view is not None:
            each._view.origin = origin
        results.append(each)
    return results


def _check_dirty(tensor: Tensor, outputs: tuple[Any, ...]) -> None:
    if tensor._view is not None:
        check_writable(tensor, True)
    elif tensor._requires_grad and tensor._edge is None:
        raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
    else:
        return
    if len(outputs) > 1:
        raise RuntimeError(
            "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return "
            "more than one Tensor. This is not supported by the current autograd engine. You should either make sure "
            "the input is not a view (using .clone() for example) or make your Function only return one Tensor "
            "(potentially splitting it into two Functions: one doing the inplace that returns a single Tensor and a "
            "second one that does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you "
            "need help to do this change."
        )


def _alias(tensor: Tensor, origin: str) -> Tensor:
    """A view of a whole tensor, for one returned as it is: its own place in the graph, the same memory."""
    alias = wrap(tensor._array)
    storage = alias._storage = storage_of(tensor)
    view = alias._view = new(View)
    view.parent = tensor
    view.form = tensor._array
    view.operation = view.output = None
    view.arguments = ()
    view.origin = origin
    view.version = 0 if storage is INFERENCE else storage.version
    return alias


def _record(
    node: Any, ctx: FunctionCtx, args: tuple[Any, ...], edges: list[Any], outputs: tuple[Any, ...], results: list[Any]
) -> None:
    node.ctx = ctx
    node.arguments = len(args)
    node.tensor_arguments = tuple(number for number, each in enumerate(args) if isinstance(each, Tensor))
    node.edges = tuple(edges)
    node.saved = ()
    node.outputs = len(outputs)
    node.shape = [each._array.shape if isinstance(each, Tensor) else None for each in results]
    node.dtype = [each._array.dtype if isinstance(each, Tensor) else None for each in results]
    node.sequence = next(sequence)
    for index, (given, result) in enumerate(zip(outputs, results, strict=True)):
        if not isinstance(result, Tensor) or _among(given, ctx._non_differentiable) or result._array.dtype.kind != "f":
            continue
        if _among(given, ctx._dirty):
            place = placed(result._array, (node, index))
            take_place(result, place)
        else:
            result._edge = (node, index)
            result._requires_grad = True
    ctx._saved = [_keep(each, node, results) for each in ctx._to_save]
    if mode.recording is not True:
        mode.recording(node)


def _keep(tensor: Tensor | None, node: Node, outputs: Sequence[Any]) -> Callable[[], Any]:
    """How to give a kept tensor back: an output is made anew, since a node that held it would hold itself."""
    if tensor is None:
        return lambda: None
    array, storage = tensor._array, storage_of(tensor)
    version = storage.version
    index = next((number for number, each in enumerate(outputs) if each is tensor), None)
    held = None if index is not None else tensor
    place = weakref.ref(node)

    def unpack() -> Tensor:
        if storage.version != version:
            made_by, output = (place(), index or 0) if held is None else held.edge or (None, 0)
            raise modified_error(storage, version, array, None if made_by is None else made_by.title(), output)
        return held if held is not None else placed(array, (place(), index))

    return unpack


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a `backward` whose own gradient is not defined: asking for it raises instead of being wrong."""

    @functools.wraps(backward)
    def wrapper(ctx: Any, *gradients: Any) -> Any:
        recording, mode.recording = mode.recording, False
        try:
            results = backward(ctx, *gradients)
        finally:
            mode.recording = recording
        if not (recording and any(isinstance(each, Tensor) and each.requires_grad for each in gradients)):
            return results
        given = results if isinstance(results, tuple) else (results,)
        marked = tuple(_Once.apply(each, *gradients) if isinstance(each, Tensor) else each for each in given)
        return marked if isinstance(results, tuple) else marked[0]

    return wrapper


class _Once(Function):
    """Stands after a once-differentiable backward and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, result: Any, *gradients: Any) -> Any:
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


_Once._backward_cls.__name__ = "Error"
