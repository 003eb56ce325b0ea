"""What changes all of a module at once: mode, gradients, dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from minitorch.devices import require_cpu
from minitorch.dtypes import dtype as DType
from minitorch.engine.state import TensorState
from minitorch.nn.walking import Walking
from minitorch.ops.creation import empty_like

if TYPE_CHECKING:
    from minitorch.nn.module import Module


class Converting(Walking):
    """The part of `Module` that changes everything in it."""

    training: bool

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (or, with False, to evaluation).

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.Dropout())
        >>> model.train(False)[0].training, model.train()[0].training
        (False, True)
        """
        if not isinstance(mode, bool):
            raise ValueError(f"the training mode is a bool, got {type(mode).__name__}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """``train(False)``: dropout does nothing, batch norm uses its running statistics.

        >>> from minitorch import nn, ones
        >>> nn.Dropout(0.5).eval()(ones(3))
        tensor([1., 1., 1.])
        """
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for the gradients of all parameters, or no longer (to freeze them).

        >>> from minitorch import nn
        >>> [p.requires_grad for p in nn.Linear(2, 1).requires_grad_(False).parameters()]
        [False, False]
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all parameters' gradients, or fill them with zeros.

        >>> from minitorch import nn, ones
        >>> model = nn.Linear(2, 1)
        >>> model(ones(2)).backward()
        >>> model.zero_grad()
        >>> model.weight.grad is None
        True
        """
        for parameter in self.parameters():
            if set_to_none:
                parameter._grad = None
            elif parameter._grad is not None:
                parameter._grad.detach_().zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn(module)`` for every module below, then for this one.

        >>> from minitorch import nn
        >>> def fill(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.ones_(module.weight)
        >>> nn.Sequential(nn.Linear(2, 1)).apply(fill)[0].weight.detach()
        tensor([[1., 1.]])
        """
        for module in self.children():
            module.apply(fn)
        fn(self)  # type: ignore[arg-type]
        return self

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Self:
        """Replace the data of every parameter, gradient and buffer by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                parameter.data = fn(parameter.data)
                if parameter._grad is not None:
                    parameter._grad.data = fn(parameter._grad.data)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating and complex parameters and buffers, in place, as ``Tensor.to`` does.

        A `memory_format` is for what has four or five dimensions; the rest stays as it lies.

        >>> import minitorch
        >>> minitorch.nn.Linear(2, 1).to(minitorch.float64).weight.dtype
        minitorch.float64
        """
        target = [*args, *kwargs.values()]
        if kinds := [a for a in target if isinstance(a, DType)]:
            if not (kinds[0].is_floating_point or kinds[0].is_complex):
                raise TypeError(
                    f"Module.to() takes floating and complex dtypes only, got {kinds[0]}"
                )

        def convert(t: Any) -> Any:
            taken = {k: v for k, v in kwargs.items() if k != "memory_format" or t.dim() in (4, 5)}
            if t.is_floating_point() or t.is_complex():
                return t.to(*args, **taken)
            others = [a for a in args if not isinstance(a, DType | TensorState | bool)]
            return t.to(*others, **{k: v for k, v in taken.items() if k not in ("dtype", "tensor")})

        return self._apply(convert)

    def to_empty(self, *, device: Any = None, recurse: bool = True) -> Self:
        """Give everything new memory with arbitrary values.

        >>> from minitorch import nn
        >>> nn.Linear(2, 1).to_empty(device="cpu").weight.shape
        minitorch.Size([1, 2])
        """
        return self._apply(lambda t: empty_like(t, device=device), recurse)

    def cpu(self) -> Self:
        """Returns the module: it is there already.

        >>> from minitorch import nn
        >>> nn.Linear(2, 1).cpu().weight.device
        device(type='cpu')
        """
        return self

    def cuda(self, device: Any = None) -> Self:
        """Refused: minitorch computes on the CPU.

        >>> from minitorch import nn
        >>> try:
        ...     nn.Linear(2, 1).cuda()
        ... except NotImplementedError as error:
        ...     print(str(error).split(";")[0])
        minitorch computes on the CPU
        """
        require_cpu("cuda" if device is None else device)
        return self

    def float(self) -> Self:
        """All floating parameters and buffers to float32.

        >>> from minitorch import nn
        >>> nn.Linear(2, 1).double().float().weight.dtype
        minitorch.float32
        """
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Self:
        """All floating parameters and buffers to float64.

        >>> from minitorch import nn
        >>> nn.Linear(2, 1).double().weight.dtype
        minitorch.float64
        """
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Self:
        """All floating parameters and buffers to float16.

        >>> from minitorch import nn
        >>> nn.Linear(2, 1).half().weight.dtype
        minitorch.float16
        """
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Self:
        """All floating parameters and buffers to bfloat16 (needs ml_dtypes).

        >>> import minitorch
        >>> if hasattr(minitorch, "bfloat16"):
        ...     layer = minitorch.nn.Linear(2, 1).bfloat16()
        """
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def type(self, dst_type: Any) -> Self:
        """All parameters and buffers to one dtype.

        >>> import minitorch
        >>> minitorch.nn.Linear(2, 1).type(minitorch.float64).bias.dtype
        minitorch.float64
        """
        return self._apply(lambda t: t.type(dst_type))

    def share_memory(self) -> Self:
        """Returns the module; accepted for scripts that call it.

        >>> from minitorch import nn
        >>> nn.ReLU().share_memory()
        ReLU()
        """
        return self
