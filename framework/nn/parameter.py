"""`Parameter` and `Buffer`: the tensors of a module, those that an optimizer changes and those that it does not.

The uninitialized kinds wait for the sizes that a lazy module learns from its first input.
"""

from __future__ import annotations

from typing import Any, NoReturn

from framework.autograd import Tensor, dtype
from framework.autograd.storage import storage_of
from framework.autograd.tensor import wrap
from framework.operations import empty, typename

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


class Parameter(Tensor):
    """A tensor that a module lists among its parameters when it is assigned as an attribute.

    It shares the memory of `data`, and requires grad unless told otherwise.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        return _made(cls, data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        # As in PyTorch, without the gradient.
        gradient, self._grad = self._grad, None
        try:
            return super().__deepcopy__(memo)
        finally:
            self._grad = gradient

    # mypy forgets the name of a special method's argument.
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()


class _BufferType(type):
    """Makes a tensor that was made by `Buffer` an instance of it; its class stays Tensor, as in PyTorch."""

    def __call__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Tensor:
        made: Any = _made(Tensor, data, data is not None and data.requires_grad)
        made.persistent = persistent
        made._is_buffer = True
        return made

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferType):
    """A tensor that a module lists among its buffers when it is assigned as an attribute.

    `Buffer(data, persistent=False)` is left out of the state dict.
    """

    persistent: bool


def _made(cls: type[Tensor], data: Tensor | None, requires_grad: bool) -> Any:
    if data is None:
        data = empty(0)
    elif not isinstance(data, Tensor):
        raise TypeError(f"{cls.__name__} takes a tensor, not {typename(data)}: {cls.__name__}(framework.tensor(...))")
    if requires_grad and not data.is_floating_point():
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    result = wrap(data._array, cls)
    result._storage = storage_of(data)
    return result.requires_grad_(requires_grad)


_held: Any = Tensor.__dict__["_array"]


class UninitializedTensorMixin(Tensor):
    """A tensor whose sizes are not known yet: `materialize` gives it some; until then nothing can be computed of it."""

    __slots__ = ()

    cls_to_become: type[Tensor]

    # Whatever computes asks for the array.
    @property
    def _array(self) -> NoReturn:
        kind = type(self).__name__
        raise ValueError(
            "Attempted to use an uninitialized parameter in an operation. This error happens when you are using a "
            f"`LazyModule` or explicitly manipulating `torch.nn.parameter.{kind}` objects. When using LazyModules Call "
            "`forward` with a dummy batch to initialize the parameters before calling torch functions"
        )

    @_array.setter
    def _array(self, array: Any) -> None:
        _held.__set__(self, array)

    def materialize(self, shape: Any, device: Any = None, dtype: dtype | None = None) -> None:
        """Become a tensor of this shape, its values not set."""
        _held.__set__(self, empty(shape, device=device, dtype=self.dtype if dtype is None else dtype)._array)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> NoReturn:
        """Not known."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    @property
    def dtype(self) -> dtype:
        """The type that its elements will have."""
        return self.data.dtype

    @property
    def data(self) -> Tensor:
        """The empty tensor that keeps its place."""
        return wrap(_held.__get__(self))

    @data.setter
    def data(self, value: Tensor) -> None:
        _held.__set__(self, value._array)

    def is_floating_point(self) -> bool:
        """Whether its type is a floating-point one."""
        return self.dtype.is_floating_point

    def size(self, dim: int | None = None) -> Any:
        """The size of the tensor that keeps its place."""
        return self.data.size(dim)

    def dim(self) -> int:
        """The number of dimensions of the tensor that keeps its place."""
        return 1

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """That tensor in another type."""
        return self.data.to(*args, **kwargs)

    def float(self) -> Tensor:
        """That tensor as float32."""
        return self.data.float()

    def double(self) -> Tensor:
        """That tensor as float64."""
        return self.data.double()

    def half(self) -> Tensor:
        """That tensor as float16."""
        return self.data.half()

    def cpu(self) -> Tensor:
        """That tensor."""
        return self.data

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Says whether operations on it will be recorded."""
        self._requires_grad = requires_grad
        return self

    def share_memory_(self) -> NoReturn:
        """Refused: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, dtype=self.dtype)  # type: ignore[call-arg]
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad, None, self.dtype)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


def is_lazy(param: Any) -> bool:
    """Whether it is a parameter or buffer that waits for its sizes."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter that waits for its sizes."""

    __slots__ = ()

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: dtype | None = None) -> Any:
        return _made(cls, empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(UninitializedTensorMixin):
    """A buffer that waits for its sizes."""

    __slots__ = ()

    cls_to_become = Tensor
    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: dtype | None = None, persistent: bool = True
    ) -> Any:
        made = _made(cls, empty(0, device=device, dtype=dtype), requires_grad)
        made.persistent = persistent
        made._is_buffer = True
        return made
