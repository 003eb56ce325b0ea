"""How a module's parts are found: parameters, buffers and submodules, by path or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minitorch.nn.lost import check_containers

if TYPE_CHECKING:
    from minitorch.nn.module import Module
    from minitorch.nn.parameter import Parameter
    from minitorch.tensor import Tensor


class Walking:
    """The part of `Module` that goes through what it holds."""

    if TYPE_CHECKING:
        _parameters: dict[str, Parameter | None]
        _buffers: dict[str, Any]
        _modules: dict[str, Any]

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its path; a shared one once.

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))
        >>> [name for name, _ in model.named_modules()]
        ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        module: Any = self
        if module in memo:
            return
        if remove_duplicate:
            memo.add(module)
        yield prefix, module
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it; a shared one once.

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))
        >>> [type(module).__name__ for module in model.modules()]
        ['Sequential', 'ReLU', 'Sequential', 'Tanh']
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, each with its name; a shared one once.

        >>> from minitorch import nn
        >>> act = nn.ReLU()
        >>> list(nn.Sequential(act, act, nn.Tanh()).named_children())
        [('0', ReLU()), ('2', Tanh())]
        """
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one.

        >>> from minitorch import nn
        >>> list(nn.Sequential(nn.ReLU(), nn.Tanh()).children())
        [ReLU(), Tanh()]
        """
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules: Any = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            check_containers(self, module)
            for name, value in getattr(module, registry).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths (``encoder.2.weight``); a shared one once.

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.Linear(2, 1), nn.PReLU())
        >>> [(name, tuple(p.shape)) for name, p in model.named_parameters(prefix="net")]
        [('net.0.weight', (1, 2)), ('net.0.bias', (1,)), ('net.1.weight', (1,))]
        """
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, for the optimizer; a shared one once.

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.Linear(2, 1), nn.PReLU())
        >>> sum(p.numel() for p in model.parameters()), len(list(model.parameters(recurse=False)))
        (4, 0)
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths; a shared one once.

        >>> from minitorch import nn
        >>> [name for name, _ in nn.Sequential(nn.BatchNorm1d(2)).named_buffers()]
        ['0.running_mean', '0.running_var', '0.num_batches_tracked']
        """
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers; a shared one once.

        >>> from minitorch import nn
        >>> list(nn.BatchNorm1d(1).buffers())
        [tensor([0.]), tensor([1.]), tensor(0)]
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``encoder.2``; AttributeError if there is none.

        >>> from minitorch import nn
        >>> nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())).get_submodule("1.0")
        Tanh()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute {name!r}")
            module = getattr(module, name)
            if not isinstance(module, Walking):
                raise AttributeError(f"{name!r} is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a path; with `strict`, there must be a module already.

        >>> from minitorch import nn
        >>> model = nn.Sequential(nn.Sequential(nn.Tanh()))
        >>> model.set_submodule("0.0", nn.ReLU())
        >>> model[0][0]
        ReLU()
        """
        if not target:
            raise ValueError("cannot set a submodule at the empty path")
        if not isinstance(module, Walking):
            raise ValueError(f"{type(module).__name__} is not an nn.Module")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute {name!r}")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Walking):
            raise AttributeError(f"{name!r} is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``encoder.2.weight``.

        >>> from minitorch import nn
        >>> nn.Sequential(nn.Linear(2, 3)).get_parameter("0.weight").shape
        minitorch.Size([3, 2])
        """
        return self._get_member(target, "_parameters", "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``norm.running_mean``.

        >>> from minitorch import nn
        >>> nn.Sequential(nn.BatchNorm1d(1)).get_buffer("0.running_var")
        tensor([1.])
        """
        return self._get_member(target, "_buffers", "a buffer")

    def _get_member(self, target: str, registry: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute {name!r}")
        if name not in getattr(module, registry):
            raise AttributeError(f"{name!r} is not {what}")
        return getattr(module, registry)[name]
