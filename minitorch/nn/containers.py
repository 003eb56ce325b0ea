"""Modules made of other modules: a pipeline, a list, a dictionary."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self

from minitorch.nn.module import Module
from minitorch.nn.rows import run


class _Row(Module):
    """Modules by number, changed like a list; they are registered as "0", "1", ..."""

    def _part(self, items: list[tuple[str, Any]]) -> Self:
        raise NotImplementedError

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
            return self._part(list(self._modules.items())[index])
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
            raise AssertionError(f"{self._get_name()} holds modules, got {type(module).__name__}")
        count = len(self)
        if not -count <= index <= count:
            raise IndexError(f"index {index} is out of range: there are {count} modules")
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove a module, and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Row):
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
        return run(self._modules.values(), input)

    def _part(self, items: list[tuple[str, Any]]) -> Self:
        return type(self)(dict(items))

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add all modules of another one at the end."""
        for module in list(sequential):
            self.append(module)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"only a Sequential can be added to one, not {type(other).__name__}")
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(f"only a Sequential can be added to one, not {type(other).__name__}")
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*self._repeated(times))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        self._renumber(self._repeated(times))
        return self

    def _repeated(self, times: int) -> list[Any]:
        if not isinstance(times, int):
            raise TypeError(f"a Sequential is repeated by an int, not {type(times).__name__}")
        if times <= 0:
            raise ValueError(f"a Sequential is repeated 1 or more times, not {times}")
        return [*self] * times


class ModuleList(_Row):
    """A list of modules, whose parameters are found; it has no `forward` of its own.

    Mirrors ``torch.nn.ModuleList``.

    >>> from minitorch import nn
    >>> nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _part(self, items: list[tuple[str, Any]]) -> Self:
        return type(self)(module for _, module in items)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleList.extend should be called with an iterable, not {type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """As of any module, but neighbours that look the same in one line."""
        blocks: list[list[Any]] = []  # first and last number, repr
        for i, shown in enumerate(map(repr, self)):
            if blocks and blocks[-1][2] == shown:
                blocks[-1][1] = i
            else:
                blocks.append([i, i, shown])
        if not blocks:
            return f"{self._get_name()}()"
        lines = [
            f"({i}): {shown}" if i == j else f"({i}-{j}): {j - i + 1} x {shown}"
            for i, j, shown in blocks
        ]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {body}\n)"


def pairs_of(owner: str, given: Any) -> Iterator[tuple[Any, Any]]:
    """The keys and values of a mapping, or of pairs, as ``dict.update`` takes them."""
    if not isinstance(given, Iterable):
        raise TypeError(
            f"{owner}.update should be called with an iterable of key/value pairs, "
            f"not {type(given).__name__}"
        )
    if hasattr(given, "items"):
        yield from given.items()
        return
    for i, pair in enumerate(given):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{owner} element #{i} should be iterable, not {type(pair).__name__}")
        if len(pair) != 2:  # type: ignore[arg-type]
            raise ValueError(f"{owner} element #{i} has length {len(pair)}; 2 is required")  # type: ignore[arg-type]
        yield tuple(pair)


class ModuleDict(Module):
    """A dictionary of modules, whose parameters are found; it has no `forward` of its own.

    Mirrors ``torch.nn.ModuleDict``.

    >>> from minitorch import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "sign": nn.Linear(8, 1)})
    >>> list(heads), heads["sign"].out_features
    (['digit', 'sign'], 1)
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Remove a module, and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> ValuesView[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and modules."""
        return self._modules.items()

    def update(self, modules: Any) -> None:
        """Add modules from a mapping, or from pairs of a name and a module."""
        for name, module in pairs_of(self._get_name(), modules):
            self[name] = module
