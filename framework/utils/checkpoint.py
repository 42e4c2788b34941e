"""Recompute instead of remember: `checkpoint` keeps a part's inputs only and runs it again in backward."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from framework import random
from framework.autograd.differentiate import backward
from framework.autograd.function import Function
from framework.autograd.grad_mode import enable_grad, mode, no_grad
from framework.autograd.saved_tensors import saved_tensors_hooks
from framework.autograd.tensor import Tensor
from framework.coverage import explain_missing_names
from framework.utils.device_states import get_device_states, set_device_states

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]


class CheckpointError(RuntimeError):
    """A recomputation that did something else than the first run."""


class _Switches:
    """What `set_checkpoint_early_stop` and `set_checkpoint_debug_enabled` say; None leaves it to each call."""

    early_stop: bool | None = None
    debug: bool | None = None


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Inside, says for all checkpoints whether a recomputation ends once it has all that backward asks for."""
    before, _Switches.early_stop = _Switches.early_stop, enable
    try:
        yield
    finally:
        _Switches.early_stop = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Inside, says for all checkpoints whether `debug` is on."""
    before, _Switches.debug = _Switches.debug, enabled
    try:
        yield
    finally:
        _Switches.debug = before


def noop_context_fn() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, whose intermediate results are not kept but computed again when backward needs them.

    With `use_reentrant=False` the graph is that of the call, and only what it keeps is computed again. With True the
    call is one node, which runs the function again and walks back through it: that needs an argument that requires
    grad, and works with `backward()` alone.
    preserve_rng_state (a keyword, True): random numbers are the same in both runs.
    context_fn: gives the contexts of the two runs. determinism_check: "default" compares shapes and types of what the
    two runs keep, "none" does not. early_stop: the second run ends as soon as it has what is needed. `debug` is
    accepted; messages are the same. Source: `torch.utils.checkpoint.checkpoint`.
    """
    if use_reentrant is None:
        _warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch "
            "2.9, calling checkpoint without use_reentrant will raise an exception."
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        _refuse_keywords(kwargs)
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if (debug if _Switches.debug is None else _Switches.debug) and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    first, second = context_fn()
    if not mode.recording:
        return function(*args, **kwargs)
    stops = early_stop if _Switches.early_stop is None else _Switches.early_stop
    run = _Run(function, args, kwargs, preserve, second, determinism_check == "default", stops)
    with run.numbers.first(), saved_tensors_hooks(run.pack, run.unpack), first:
        return function(*args, **kwargs)


def _warn(start: str) -> None:
    warnings.warn(
        f"{start} use_reentrant=False is recommended, but if you need to preserve the current default behavior, you "
        "can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants.",
        stacklevel=3,
    )


def _refuse_keywords(kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))


class _Kept:
    """What stands in the graph for a tensor: its value is there between a recomputation and its use."""

    __slots__ = ("__weakref__", "value")

    def __init__(self) -> None:
        self.value: Tensor | None = None


class _Stop(Exception):
    """Ends a recomputation that has all it needs."""


class _Run:
    """A checkpointed call: how to run it again, and what the graph kept of it."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserve: bool,
        context: Any,
        compare: bool,
        early_stop: bool,
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.versions = [_version(each) for each in args]
        self.numbers = _Numbers(preserve)
        self.context = context
        self.early_stop = early_stop
        self.describe = _description if compare else lambda tensor: None
        self.kept: list[weakref.ref[_Kept]] = []
        self.descriptions: list[Any] = []

    def pack(self, tensor: Tensor) -> _Kept:
        """Keeps only what the tensor looks like."""
        kept = _Kept()
        self.kept.append(weakref.ref(kept))
        self.descriptions.append(self.describe(tensor))
        return kept

    def unpack(self, kept: _Kept) -> Tensor:
        """The tensor, by running the call again if it is not there."""
        if kept.value is None:
            self.recompute()
        value, kept.value = kept.value, None
        assert value is not None
        return value

    def recompute(self) -> None:
        """Runs the call again and fills in what is still asked for; CheckpointError if it did something else."""
        for each, version in zip(self.args, self.versions, strict=True):
            if _version(each) != version:
                raise _modified(each, version)
        found = _Recomputation(self)
        try:
            with self.numbers.again(), self.context, saved_tensors_hooks(found.pack, _never), enable_grad():
                self.function(*self.args, **self.kwargs)
        except _Stop:
            pass
        if found.count != len(self.kept):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.kept)}\n"
                f"Number of tensors saved during recomputation: {found.count}.\n{_TIP}"
            )
        if found.different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{''.join(found.different)}.\n{_TIP}"
            )


_TIP = "The function must do the same each time it is called with the same arguments."


class _Recomputation:
    """Gives what a second run keeps to what the first run left in its place."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.count = 0
        self.different: list[str] = []

    def pack(self, tensor: Tensor) -> None:
        run, index = self.run, self.count
        self.count += 1
        if index >= len(run.kept):
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                f"forward pass.\n{_TIP}"
            )
        kept = run.kept[index]()
        if kept is not None:
            kept.value = tensor.detach()
            before, now = run.descriptions[index], run.describe(tensor)
            if before != now:
                self.different.append(
                    f"tensor at position {index}:\nsaved metadata: {before}\nrecomputed metadata: {now}\n"
                )
        if run.early_stop and self.count == len(run.kept):
            raise _Stop


def _description(tensor: Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _never(packed: Any) -> Tensor:
    raise RuntimeError("the graph of a recomputation is not differentiated itself")


def _version(value: Any) -> int | None:
    return value._version if isinstance(value, Tensor) and not value.is_inference() else None


def _modified(tensor: Tensor, version: int | None) -> RuntimeError:
    edge = tensor.edge
    source = "" if edge is None else f", which is output {edge[1]} of {edge[0].title()},"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{tensor.dtype.scalar_name}Tensor {list(tensor.shape)}]{source} is at version {tensor._version}; expected "
        f"version {version} instead. Hint: enable anomaly detection to find the operation that failed to compute its "
        "gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


class _Numbers:
    """Has a second run draw the random numbers of the first.

    Most runs draw none, and a generator's state is slow to copy: it is looked at when something is first drawn.
    """

    def __init__(self, preserve: bool) -> None:
        self.preserve = preserve
        self.start: Any = None

    def first(self) -> AbstractContextManager[None]:
        """The context of the first run."""

        def note() -> None:
            if self.start is None:
                self.start = random.default_generator.state_array()

        return _before_draws(note) if self.preserve else nullcontext()

    @contextmanager
    def again(self) -> Iterator[None]:
        """The context of the second run, after which the generator is where it was."""
        outside = None

        def start() -> None:
            nonlocal outside
            if outside is None:
                outside = random.default_generator.state_array()
                if self.start is not None:
                    random.default_generator.set_state_array(self.start)

        with _before_draws(start) if self.preserve else nullcontext():
            try:
                yield
            finally:
                if outside is not None:
                    random.default_generator.set_state_array(outside)


@contextmanager
def _before_draws(function: Callable[[], None]) -> Iterator[None]:
    """Inside, a function is called before random numbers are drawn, after what was to be called outside."""
    outer = mode.before_draw

    def both() -> None:
        if outer is not None:
            outer()
        function()

    mode.before_draw = both
    try:
        yield
    finally:
        mode.before_draw = outer


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors among some values as leaves that require grad where they did."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(
        [each.detach().requires_grad_(each.requires_grad) if isinstance(each, Tensor) else each for each in inputs]
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warns where no tensor among the inputs requires grad."""
    if not any(each.requires_grad for each in inputs if isinstance(each, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """A whole call as one operation, whose backward runs it again and walks back through it."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.numbers = _Numbers(preserve_rng_state)
        ctx.inputs = [None if isinstance(each, Tensor) else each for each in args]
        ctx.tensor_indices = [index for index, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.save_for_backward(*[args[index] for index in ctx.tensor_indices])
        with ctx.numbers.first(), no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if mode.partial:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for index, tensor in zip(ctx.tensor_indices, ctx.saved_tensors, strict=True):
            inputs[index] = tensor
        detached = detach_variable(tuple(inputs))
        with ctx.numbers.again(), enable_grad():
            outputs = ctx.run_function(*detached)
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (each, gradient)
            for each, gradient in zip(results, gradients, strict=True)
            if isinstance(each, Tensor) and each.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([each for each, _ in pairs], [gradient for _, gradient in pairs])
        return None, None, *[each.grad if isinstance(each, Tensor) else None for each in detached]


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Runs functions one after the other in `segments` checkpointed parts; the last part is kept as usual."""
    if use_reentrant is None:
        _warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. "
            "In version 2.9 we will raise an exception if use_reentrant is not passed."
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    _refuse_keywords(kwargs)
    chain = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(chain) // segments

    def run(start: int, end: int) -> Callable[[Any], Any]:
        def part(value: Any) -> Any:
            for each in chain[start:end]:
                value = each(value)
            return value

        return part

    last = 0
    for start in range(0, size * (segments - 1), size):
        last = start + size
        input = checkpoint(run(start, last), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return run(last, len(chain))(input)


explain_missing_names(__name__)
