"""What every tensor has, whatever ops exist: its attributes, its gradient, its way to NumPy."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import printing
from minitorch.devices import CPU, device
from minitorch.dtypes import dtype, from_numpy_dtype, get_default_dtype
from minitorch.engine import backward as engine
from minitorch.engine import clock
from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, DeadEnd, Node, RemovableHandle, TensorState, wrap
from minitorch.layouts import lies_as, strided
from minitorch.ops.dims import check_dim
from minitorch.ops.views import inherit_requires_grad
from minitorch.size import Size

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Core(TensorState):
    """Attributes, gradient, conversion: the part of `Tensor` that is not an op."""

    __slots__ = ()

    # --- what it is ---------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions, as a `Size`."""
        return Size(self._data.shape)

    @property
    def dtype(self) -> dtype:
        """The data type, such as ``minitorch.float32``."""
        return from_numpy_dtype(self._data.dtype)

    @property
    def device(self) -> device:
        """Where the data is: the CPU."""
        return CPU

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    ndimension = dim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return self.shape
        return self._data.shape[check_dim(dim, self._data.ndim)]

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """Elements to skip in memory for one step along each dimension (or along `dim`)."""
        data = self._data
        strides = tuple(s // data.itemsize for s in data.strides)
        return strides if dim is None else strides[check_dim(dim, data.ndim)]

    def storage_offset(self) -> int:
        """Elements between the start of the memory that this looks into and its first element."""
        block = clock.block(self._data)
        start = self._data.__array_interface__["data"][0]
        return (start - block.__array_interface__["data"][0]) // self._data.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._data.__array_interface__["data"][0]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory row by row (or as asked), without gaps."""
        return lies_as(self._data, memory_format)

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    is_cuda = is_sparse = is_quantized = is_meta = is_mps = is_mkldnn = is_nested = False
    is_xpu = is_ipu = is_xla = is_mtia = is_vulkan = is_sparse_csr = False
    is_cpu = True
    layout = strided
    name = None

    def get_device(self) -> int:
        """-1: the CPU has no number."""
        return -1

    # --- gradient -----------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient (or no longer), in place.

        >>> import minitorch
        >>> minitorch.ones(2).requires_grad_()
        tensor([1., 1.], requires_grad=True)
        """
        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError(
                    "requires_grad of a computed tensor cannot be switched off; use detach()"
                )
        elif requires_grad and not (self.is_floating_point() or self.is_complex()):
            raise RuntimeError(
                "only floating and complex tensors can require gradients; this is "
                f"{self.dtype}: call float() first"
            )
        else:
            self._node = LEAF if requires_grad else None
            inherit_requires_grad(self)
        return self  # type: ignore[return-value]

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not by a recorded operation."""
        node = self._node
        return node is None or node is LEAF or isinstance(node, DeadEnd)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it, or None for a leaf."""
        return None if self.is_leaf else self._node.shown()[0]

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has collected, or None."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, TensorState):
                raise TypeError(f"grad must be a Tensor or None, got {type(value).__name__}")
            if value is self:
                raise RuntimeError("a tensor cannot be its own gradient")
            have, want = value._data, self._data
            if have.shape != want.shape or have.dtype != want.dtype:
                raise RuntimeError(
                    f"grad must be {self.dtype} of shape {want.shape} as its tensor is; "
                    f"got {from_numpy_dtype(have.dtype)} of shape {have.shape}"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to ``.grad`` of the leaves it was computed from.

        `gradient` is what this tensor's own gradient is taken to be; it may be left out for a
        single number (then 1).  `create_graph` records the backward pass, for second derivatives.
        With `inputs`, only those tensors collect.  Mirrors ``torch.Tensor.backward``.

        >>> import minitorch
        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        root = engine.root(self, gradient, create_graph)
        run_backward([root], retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Keep the gradient of a computed tensor in ``.grad``, as leaves do."""
        if self._node is None:
            raise RuntimeError("can't retain_grad on a tensor that has requires_grad=False")
        if self._node is not LEAF:
            self._node.hooks("more")
            self._node.extra["retain_grad"] = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        node = self._node
        return isinstance(node, Node) and node.extra is not None and "retain_grad" in node.extra

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is known; it may return another.

        >>> import minitorch
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        if self._node is None:
            raise RuntimeError("can't register a hook on a tensor that has requires_grad=False")
        if self._node is not LEAF:
            return RemovableHandle(self._node.hooks(), hook)
        if self._hooks is None:
            self._hooks = {}
        return RemovableHandle(self._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(self)`` each time after ``self.grad`` has been added to; leaves only."""
        if self._node is not LEAF:
            raise RuntimeError("post accumulate grad hooks are for leaves that require grad")
        if self._post_hooks is None:
            self._post_hooks = {}
        return RemovableHandle(self._post_hooks, hook)

    def detach(self) -> Tensor:
        """The same memory without history: nothing flows back through the result."""
        result = wrap(self._data)
        base = self if self._view is None else self._view.base
        if base._alias is not None:
            result._alias = base._alias
        elif base._node is not None:
            result._alias = weakref.ref(base)  # so that views of it hear of writes to the result
        return result

    def detach_(self) -> Tensor:
        """Forget this tensor's history, in place."""
        if self._view is not None:
            raise RuntimeError("a view can't be detached in place; use detach()")
        self._node = None
        if self._live_views is not None:
            self._cut = True  # at the next write they lose their history, too
        return self  # type: ignore[return-value]

    @property
    def data(self) -> Tensor:
        """The same memory without history; assigning replaces the memory.

        Unlike those through `detach`, writes through it are not noticed where a gradient needs the
        old value: nothing then says that the gradient is wrong.
        """
        return wrap(clock.apart(self._data))

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorState):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        if self._node is not None and value._data.dtype.kind not in "fcV":
            raise RuntimeError(
                "only floating and complex tensors can require gradients, and this one does: its "
                f"data cannot become {value.dtype}"
            )
        self._data = value._data
        self._view = self._live_views = None  # they look into the memory that it had

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    @property
    def _version(self) -> int:
        return clock.writes(self._data)

    def is_inference(self) -> bool:
        return False

    # --- Python and NumPy ---------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The NumPy array itself: memory is shared.

        Refuses a tensor that requires grad, since writes would go unseen; `force` detaches first.
        """
        if self._node is not None and not force and mode.recording:
            raise RuntimeError(
                "can't call numpy() on a tensor that requires grad; use tensor.detach().numpy()"
            )
        return self._data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self._node is not None:
            raise BufferError("can't export a tensor that requires grad; use tensor.detach()")
        return self._data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._data.__dlpack_device__()

    def item(self) -> Any:
        """The Python number in a tensor of one element."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor of shape {self._data.shape} with {self._data.size} elements "
                "cannot be converted to a number: take one, reduce them (.sum(), .mean()), or "
                "use tolist()"
            )
        value = self._data.item()
        return float(value) if self._data.dtype.kind == "V" else value

    def tolist(self) -> Any:
        """Nested Python lists of numbers (a number, if zero-dimensional)."""
        return self._data.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._data.size == 1 and self._data.dtype.kind in "iub":
            return int(self._data.item())
        raise TypeError("only integer tensors of a single element can be used as an index")

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError(
                f"the truth value of a Tensor of shape {self._data.shape} is ambiguous; "
                "use .any() or .all()"
            )
        return bool(self._data.item())

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if self._data.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))  # type: ignore[attr-defined]

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, TensorState):
            element = element._data
        elif not isinstance(element, int | float | complex):
            raise RuntimeError(
                f"Tensor.__contains__ takes a Tensor or a number, got {type(element).__name__}"
            )
        return bool(np.any(self._data == element))

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        if self._data.ndim == 0:
            return format(self.item(), spec)
        return object.__format__(self, spec) if spec else str(self)

    def __repr__(self) -> str:
        suffixes = []
        if self.grad_fn is not None:
            suffixes.append(f"grad_fn=<{self.grad_fn.name()}>")
        elif self.requires_grad:
            suffixes.append("requires_grad=True")
        return printing.format_tensor(
            self._data,
            dtype=repr(self.dtype),
            default_dtype=repr(get_default_dtype()),
            suffixes=suffixes,
        )

    __str__ = __repr__

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), np.array(self._data), self.requires_grad, self._own())

    def __copy__(self) -> Tensor:
        return _rebuild(type(self), self._data, self.requires_grad, self._own())

    def _own(self) -> dict[str, Any]:
        """The attributes that a copy gets too: the user's, not the engine's."""
        engines = ("_alias", "_cut", "_live_views", "_hooks", "_post_hooks")
        return {k: v for k, v in self.__dict__.items() if k not in engines}

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError(
                "only leaf tensors (made by the user) can be deep-copied; use detach() first"
            )
        state = copy.deepcopy(self._own(), memo)
        new = _rebuild(type(self), self._data.copy(order="K"), self.requires_grad, state)
        memo[id(self)] = new
        if self._grad is not None:
            new._grad = copy.deepcopy(self._grad, memo)
        return new


def _rebuild(kind: type, data: np.ndarray, requires_grad: bool, state: dict[str, Any]) -> Any:
    """A leaf tensor from its pieces: what pickle and deepcopy call."""
    tensor: Any = object.__new__(kind)
    # An unpickled array has a dtype object of its own: equal, but not the one that is known.
    tensor._data = data.view(from_numpy_dtype(data.dtype).dtype)
    tensor._node = LEAF if requires_grad else None
    tensor._grad = None
    tensor._view = None
    tensor.__dict__.update(state)
    return tensor


def run_backward(
    roots: Sequence[tuple[Any, Any]],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any = None,
) -> None:
    """`Tensor.backward` from several tensors at once: their edges, with a gradient each."""
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        found = engine.run(roots, keep_graph=keep, create_graph=create_graph)
        for leaf, grad in found.items():
            if leaf._grad is None and leaf._node is LEAF and not (create_graph or leaf._post_hooks):
                leaf._grad = wrap(grad)  # the first gradient: what accumulate() comes down to
            else:
                engine.accumulate(leaf, grad)
        return
    tensors: list[Any] = [inputs] if isinstance(inputs, TensorState) else list(inputs)
    if not tensors:
        raise RuntimeError("inputs must not be empty; leave it out to reach every leaf")
    if any(t._node is None for t in tensors):
        raise RuntimeError("one of the inputs does not require grad")
    for t in tensors:
        if not t.is_leaf:
            t.retain_grad()
    edges = [engine.edge_of(t) for t in tensors]
    found = engine.run(roots, keep_graph=keep, create_graph=create_graph, targets=edges)
    for leaf in dict.fromkeys(t for t in tensors if t.is_leaf and t in found):
        engine.accumulate(leaf, found[leaf])
