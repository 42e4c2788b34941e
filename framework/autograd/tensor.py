"""`Tensor`: a thin object around one array, and what it needs to be recorded.

Everything that computes lives in `framework.operations`, which adds its functions here as methods.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from framework.autograd import dtypes
from framework.autograd.grad_mode import mode
from framework.autograd.hooks import RemovableHandle
from framework.autograd.memory import address, start_of
from framework.autograd.nodes import LeafHooks, Node, new
from framework.autograd.printing import tensor_text
from framework.autograd.size import CPU, Size, channels_last, channels_last_3d, device, layout, strided
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.views import View, refresh, retain

_new_tuple = tuple.__new__


class Tensor:
    """An n-dimensional array that can record what is done with it.

    `Tensor(2, 3)` is uninitialised and `Tensor([1, 2])` holds the data, both of the default type;
    `framework.tensor` is the usual way to make one.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_array",
        "_edge",
        "_grad",
        "_hooks",
        "_requires_grad",
        "_storage",
        "_view",
    )

    _array: Any
    _edge: Any
    _grad: Tensor | None
    _hooks: LeafHooks | None
    _requires_grad: bool
    _storage: Any
    _view: View | None

    # NumPy leaves an operator with an array on its left to us.
    __array_priority__ = 1000

    # What it is

    @property
    def shape(self) -> Size:
        """The size along each dimension."""
        # NumPy's sizes are integers already: Size would check them one by one.
        return _new_tuple(Size, self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._array.dtype)

    @property
    def device(self) -> device:
        """Where it lives: the CPU."""
        return CPU

    @property
    def layout(self) -> layout:
        """How the elements are stored: strided."""
        return strided

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    is_cpu = True
    is_cuda = is_sparse = is_quantized = is_meta = is_mps = is_xla = False
    names: tuple[None, ...] = ()

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return _new_tuple(Size, self._array.shape)
        shape = self._array.shape
        return shape[dim if dim.__class__ is int and 0 <= dim < len(shape) else self._named_dim(dim)]

    def _named_dim(self, dim: int) -> int:
        if not self._array.ndim:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return normalize_dim(dim, self._array.ndim)

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self._array.shape)

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return self._array.itemsize

    def is_floating_point(self) -> bool:
        """Whether the type is a floating-point one."""
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """False: complex numbers are not supported."""
        return False

    def is_signed(self) -> bool:
        """Whether the type can hold negative numbers."""
        return self._array.dtype.kind in "fi"

    def is_inference(self) -> bool:
        """Whether it was made in inference mode."""
        return self._storage is INFERENCE

    def get_device(self) -> int:
        """-1, as for every CPU tensor."""
        return -1

    def stride(self, dim: int | None = None) -> Any:
        """Steps in memory along each dimension, in elements."""
        array = self._array
        strides = tuple(step // array.itemsize for step in array.strides)
        if not array.size and array.flags.c_contiguous and 0 in strides:
            # NumPy may lay out nothing with steps of nothing.
            strides = tuple(math.prod([max(size, 1) for size in array.shape[dim + 1 :]]) for dim in range(array.ndim))
        return strides if dim is None else strides[self._named_dim(dim)]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory one after the other, the last dimension (or the channels) fastest."""
        if memory_format is channels_last or memory_format is channels_last_3d:
            array, dims = self._array, 4 if memory_format is channels_last else 5
            return array.ndim == dims and bool(np.moveaxis(array, 1, -1).flags.c_contiguous)
        return self._array.flags.c_contiguous

    def storage_offset(self) -> int:
        """Where it starts in the memory it shares, in elements."""
        return start_of(self._array)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return address(self._array)

    # What it holds

    def item(self) -> Any:
        """The value of a tensor of one element, as a Python number."""
        array = self._array
        if array.size != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers (a number if it has no dimensions)."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> ndarray:
        """The array itself, memory shared. With `force`, also of a tensor that requires grad."""
        if self._requires_grad and mode.recording and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if mode.trace is not None:
            mode.trace.stop(".numpy()")
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray:
        if self._requires_grad and mode.recording:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        array = np.asarray(self._array, dtype=dtype)
        return array.copy() if copy and array is self._array else array

    def __bool__(self) -> bool:
        if mode.trace is not None:
            mode.trace.stop("a decision by a tensor's value")
        if self.numel() != 1:
            kind = "more than one value" if self.numel() else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous")
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self._only())

    def __int__(self) -> int:
        return int(self._only())

    def __complex__(self) -> complex:
        return complex(self._only())

    def _only(self) -> Any:
        if self.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self._array.item()

    def __index__(self) -> int:
        if self.numel() != 1 or self._array.dtype.kind == "f":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return int(self._array.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Tensor, int, float, bool)):
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
            )
        return bool((_raw(element) == self._array).any())

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return format(self._array.item(), spec)
        return object.__format__(self, spec)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        try:
            edge = self.edge
            name = None if edge is None else type(edge[0]).__name__
        except RuntimeError:
            # A view whose history a write to its base made undefined.
            name = "Invalid"
        return tensor_text(
            self._array,
            default_dtype=repr(dtypes.get_default_dtype()),
            requires_grad=self._requires_grad,
            grad_fn=name,
        )

    # Its place in the graph

    @property
    def edge(self) -> Any:
        """Where its gradient goes: (node, output number), or None for a leaf."""
        if self._view is not None:
            refresh(self, asked=True)
        return self._edge

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it, None for a leaf."""
        edge = self.edge
        return None if edge is None else edge[0]

    @property
    def is_leaf(self) -> bool:
        """Whether nothing recorded made it."""
        return self.edge is None

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` it is."""
        return 0 if self._edge is None else int(self._edge[1])

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded. A view requires grad where the tensor that it shows does."""
        if self._requires_grad or self._view is None:
            return self._requires_grad
        base = self._base
        return base is not None and base._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if value and self._array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Says whether operations on this leaf are to be recorded."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        if self._edge is not None and not requires_grad:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and self._storage is INFERENCE and not mode.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        self._requires_grad = bool(requires_grad)
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient summed up so far: of leaves, and of tensors that called `retain_grad()`."""
        if self._grad is None and self._edge is not None and not self.retains_grad and self._requires_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor "
                "by mistake, make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 "
                "for more information.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {full_name(type(value))}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{dtypes.c_name(value._array.dtype)}' to a tensor with grad_dtype "
                    f"'{_scalar_name(self)}'. The gradient must match the tensor's grad_dtype (defaults to the "
                    "tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to "
                    "allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient "
                    "may break downstream systems that assume they match."
                )
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value._array.shape)}' to a tensor of size "
                    f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def retains_grad(self) -> bool:
        """Whether this computed tensor keeps its gradient."""
        edge = self._edge
        if edge is None or edge[0].retained is None:
            return False
        kept = edge[0].retained.get(edge[1])
        return kept is not None and kept() is self

    def retain_grad(self) -> None:
        """Keeps the gradient of a computed tensor in its `.grad` too."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        edge = self.edge
        if edge is not None:
            retain(self, edge)

    @property
    def _backward_hooks(self) -> dict[int, Callable[..., Any]] | None:
        edge = self._edge
        if edge is None:
            return None if self._hooks is None else self._hooks.tensor or None
        return None if edge[0].tensor_hooks is None else edge[0].tensor_hooks.get(edge[1])

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Calls `hook(gradient)` whenever the gradient is known; a tensor it returns takes the gradient's place."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        edge = self.edge
        if edge is None:
            return RemovableHandle(self._leaf_hooks().tensor, hook)
        node, index = edge
        node.watched = True
        if node.tensor_hooks is None:
            node.tensor_hooks = {}
        return RemovableHandle(node.tensor_hooks.setdefault(index, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Calls `hook(tensor)` after this leaf's `.grad` was added to."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return RemovableHandle(self._leaf_hooks().accumulated, hook)

    def _leaf_hooks(self) -> LeafHooks:
        if self._hooks is None:
            self._hooks = LeafHooks()
        return self._hooks

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Adds to the `.grad` of every leaf the gradient of this tensor, weighted by `gradient` if it has many elements.

        Raises RuntimeError if it is no scalar and has no `gradient`, or if its graph was already freed.
        """
        differentiate.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Tensor:
        """The same memory, outside the graph. Writes to it are noticed by the graph."""
        result = wrap(self._array)
        result._storage = storage_of(self)
        return result

    def detach_(self) -> Tensor:
        """Takes this tensor out of its graph."""
        if self._view is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
                "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
                "detach_() cannot be called on these gradients. To fix this error, please refer to the "
                "Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            )
        self._edge = None
        self._requires_grad = False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph. Writes to it are not noticed by the graph: prefer `detach()`."""
        return wrap(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._requires_grad and value._array.dtype.kind != "f":
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._array = value._array

    @data.deleter
    def data(self) -> None:
        raise RuntimeError("Deleting tensor data is not allowed. Delete tensor instead!")

    @property
    def _version(self) -> int:
        if self._storage is INFERENCE:
            raise RuntimeError("Inference tensors do not track version counter.")
        return 0 if self._storage is None else int(self._storage.version)

    @property
    def _base(self) -> Tensor | None:
        view = self._view
        if view is None or self._storage is INFERENCE:
            return None
        while view.parent._view is not None:
            view = view.parent._view
        return view.parent

    def _is_view(self) -> bool:
        return self._view is not None and self._storage is not INFERENCE

    def _bump(self) -> None:
        """Counts a write to its memory."""
        storage = self._storage
        if storage is None:
            storage_of(self).version = 1
        elif storage is not INFERENCE:
            storage.version += 1

    @staticmethod
    def _wrap(array: Any) -> Tensor:
        """A tensor around an array, memory shared."""
        return wrap(array)

    # Copies

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        result = wrap(_copied(self._array, memo), type(self))
        result._requires_grad = self._requires_grad
        memo[id(self)] = result
        if self._grad is not None:
            result._grad = copy.deepcopy(self._grad, memo)
        result.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return result

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # As in PyTorch, a computed tensor comes back as a leaf.
        return _rebuild, (type(self), self._array, self.requires_grad, dict(self.__dict__))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    if TYPE_CHECKING:
        # Operations add their methods at import; to a type checker they are Any, and operators give Tensors.
        def __new__(cls, *data: Any, device: Any = None) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override]
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __iadd__(self, other: Any) -> Tensor: ...
        def __isub__(self, other: Any) -> Tensor: ...
        def __imul__(self, other: Any) -> Tensor: ...
        def __itruediv__(self, other: Any) -> Tensor: ...


def wrap(array: Any, cls: type[Tensor] = Tensor) -> Any:
    """A new tensor around an array, memory shared, outside any graph."""
    tensor = new(cls)
    tensor._array = array
    tensor._edge = tensor._grad = tensor._hooks = tensor._view = None
    tensor._requires_grad = False
    tensor._storage = INFERENCE if mode.inference else None
    return tensor


def normalize_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError in PyTorch's words when there is none such."""
    bound = ndim or 1
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return dim + bound if dim < 0 else dim


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def _copied(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of an array for `deepcopy`: arrays that share memory share that of their copies."""
    owner = array
    while owner.__class__ is ndarray and owner.base.__class__ is ndarray:
        owner = owner.base
    if owner.__class__ is not ndarray or not owner.flags.c_contiguous or array.__class__ is not ndarray:
        return array.copy(order="K")
    copied = memo.get(id(owner))
    if copied is None:
        copied = memo[id(owner)] = owner.copy()
    if array is owner:
        return copied
    offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return ndarray(array.shape, array.dtype, copied, offset, array.strides)


def full_name(kind: type) -> str:
    """A type's name as PyTorch's messages give it: with its module, unless that is Python's own."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _scalar_name(tensor: Tensor) -> str:
    return tensor.dtype.scalar_name


def _rebuild(cls: type[Tensor], array: Any, requires_grad: bool, attributes: dict[str, Any]) -> Tensor:
    # NumPy makes a dtype of its own for what it unpickles, and the quick ways know only the usual one.
    tensor = wrap(array.view(array.dtype.type), cls)
    tensor._requires_grad = requires_grad
    if attributes:
        tensor.__dict__.update(attributes)
    return tensor


# Last, since it needs Tensor.
from framework.autograd import differentiate  # noqa: E402
