"""Modules made of other modules."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Self

from minitorch.nn.module import Module


class Sequential(Module):
    """Modules called one after the other, each with the result of the one before.

    Takes modules, or one OrderedDict of names and modules; can be indexed, sliced and changed
    like a list.  Mirrors ``torch.nn.Sequential``.

    >>> from minitorch import nn
    >>> net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    >>> len(net), net[1]
    (2, ReLU())
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)  # type: ignore[misc]
        return input

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())  # type: ignore[arg-type]

    def _name(self, index: Any) -> str:
        i, count = operator.index(index), len(self)
        if not -count <= i < count:
            raise IndexError(f"index {i} is out of range: there are {count} modules")
        return list(self._modules)[i]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._name(index)]

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            for name in list(self._modules)[index]:
                delattr(self, name)
        else:
            delattr(self, self._name(index))
        self._renumber(list(self._modules.values()))

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before number `index`."""
        if not isinstance(module, Module):
            raise AssertionError(f"a Sequential holds modules, got {type(module).__name__}")
        count = len(self)
        if not -count <= index <= count:
            raise IndexError(f"index {index} is out of range: there are {count} modules")
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add all modules of another one at the end."""
        for module in list(sequential):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove a module, and return it."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"only a Sequential can be added to one, not {type(other).__name__}")
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(f"only a Sequential can be added to one, not {type(other).__name__}")
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            raise TypeError(f"a Sequential is repeated by an int, not {type(times).__name__}")
        if times <= 0:
            raise ValueError(f"a Sequential is repeated 1 or more times, not {times}")
        return Sequential(*(module for _ in range(times) for module in self))

    __rmul__ = __mul__
