"""`Parameter`: a tensor that a module learns; `Buffer`: one that it only keeps.

Their uninitialized forms know their dtype, but not their shape yet: for lazy modules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.dtypes import dtype as DType
from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.ops.creation import empty
from minitorch.tensor import Tensor


def _make(kind: type, data: Any, requires_grad: bool) -> Any:
    if data is None:
        array = np.empty(0, np.float32)
    elif isinstance(data, TensorState):
        array = data._data
    else:
        raise TypeError(f"{kind.__name__} takes a Tensor, got {type(data).__name__}")
    if requires_grad and array.dtype.kind not in "fcV":
        raise RuntimeError(
            f"only floating and complex tensors can require gradients: {array.dtype}"
        )
    made: Any = object.__new__(kind)
    made._data = array
    made._node = LEAF if requires_grad else None
    made._grad = None
    made._view = None
    return made


class Parameter(Tensor):
    """A tensor that registers itself when it is assigned to a module's attribute.

    Shares memory with `data`.  Mirrors ``torch.nn.Parameter``.

    >>> import minitorch
    >>> minitorch.nn.Parameter(minitorch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        return _make(cls, data, requires_grad)

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None: ...

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        new = super().__deepcopy__(memo)
        new._grad = None  # as in PyTorch, where the copy of a model begins without gradients
        return new

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    __str__ = __repr__


class Buffer(Tensor):
    """A tensor that registers itself as a buffer when assigned to a module's attribute.

    Mirrors ``torch.nn.Buffer``; with ``persistent=False`` it stays out of the state dict.

    >>> from minitorch import nn, zeros
    >>> module = nn.Module()
    >>> module.mean = nn.Buffer(zeros(2))
    >>> module.cache = nn.Buffer(zeros(2), persistent=False)
    >>> list(module.state_dict()), [name for name, _ in module.named_buffers()]
    (['mean'], ['mean', 'cache'])
    """

    __slots__ = ()
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        made = _make(cls, data, False)
        made.persistent = persistent
        return made

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None: ...


def _conversion(name: str) -> Any:
    def convert(self: Any, *args: Any, **kwargs: Any) -> Any:
        like = getattr(empty(0, dtype=self.dtype), name)(*args, **kwargs)
        return self.__class__(self._node is not None, None, like.dtype)

    convert.__name__ = name
    convert.__doc__ = f"As ``Tensor.{name}``, before there are values."
    return convert


class _Uninitialized(Tensor):
    """What both uninitialized kinds can do: change dtype, and `materialize`."""

    __slots__ = ()
    becomes: type[Tensor]
    _held: Any = TensorState.__dict__["_data"]  # the array: empty, but of the dtype to come

    @property
    def _data(self) -> Any:
        raise ValueError(
            f"{type(self).__name__} has no values yet: its module finds out the shape in its first "
            "forward; call it with a batch of data before you use its parameters"
        )

    @_data.setter
    def _data(self, array: Any) -> None:
        self._held = array

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            f"the shape of {type(self).__name__} is not known before its module's first forward; "
            "it cannot be loaded into an initialized parameter either"
        )

    @property
    def dtype(self) -> DType:
        """The data type that it will have."""
        return from_numpy_dtype(self._held.dtype)

    @property
    def data(self) -> Tensor:
        """An empty tensor of the same dtype: initializing it changes nothing, as in PyTorch."""
        return wrap(self._held)

    @data.setter
    def data(self, value: Any) -> None:
        self._held = value._held if isinstance(value, _Uninitialized) else value._data

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of this shape, with arbitrary values, in place."""
        made: Any = empty(shape, device=device, dtype=self.dtype if dtype is None else dtype)
        self.__class__ = self.becomes  # type: ignore[assignment]
        self._data = made._data

    to, type, cpu = _conversion("to"), _conversion("type"), _conversion("cpu")
    half, bfloat16 = _conversion("half"), _conversion("bfloat16")
    float, double = _conversion("float"), _conversion("double")

    def detach(self) -> Any:
        """Itself: there is nothing to detach."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__class__, (self._node is not None, None, self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        kind, arguments = self.__reduce_ex__(4)
        return memo.setdefault(id(self), kind(*arguments))


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet.  Mirrors ``torch.nn.UninitializedParameter``.

    >>> import minitorch
    >>> w = minitorch.nn.UninitializedParameter()
    >>> w.materialize((2, 3))
    >>> type(w), w.shape
    (<class 'minitorch.nn.parameter.Parameter'>, minitorch.Size([2, 3]))
    """

    __slots__ = ()
    becomes = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        return _make(cls, empty(0, device=device, dtype=dtype), requires_grad)

    def __init__(
        self, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> None: ...


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape is not known yet.  Mirrors ``torch.nn.UninitializedBuffer``."""

    __slots__ = ()
    becomes = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:  # fmt: skip
        return _make(cls, empty(0, device=device, dtype=dtype), requires_grad)

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> None: ...  # fmt: skip


def is_lazy(param: Any) -> bool:
    """Whether it is uninitialized: its shape is not known yet."""
    return isinstance(param, _Uninitialized)
