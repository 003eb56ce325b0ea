"""A pickle machine that only builds data.

A pickle is a program for a small stack machine, and Python's own machine may call any function
that the program names.  This one knows no function but those it was given, so a file from a
stranger can do nothing here but make lists, dictionaries, numbers and tensors.  Every instruction
costs at least a byte of the file, and no number in the file decides how much memory is set aside.
The instructions are described in Python's ``pickletools``.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from sys import getsizeof
from typing import Any, NamedTuple

from minitorch.errors import LoadError
from minitorch.tensor import Tensor

NAME_LENGTH = 1000
DEPTH = 500  # of lists in lists
COPIES = 2  # how often a pickle may copy what it holds
# What the containers of a pickle may take, in bytes: so many for each byte of the file, and some
# more.  An empty list takes 56 and an empty set 216, and pickle writes two to six bytes for it.
PER_BYTE, FREE = 64, 1 << 20
TENSOR = 400  # bytes that a tensor takes besides its elements
TUPLE_KEYS = 20_000  # tuples of numbers can be made so that all fall into one slot of a dict

# What protocol 2 calls things, for Python 2 would read it.
OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections"}

TEXTS, CONTAINERS = {str, bytes, bytearray}, {list, tuple, dict, set}


class Call(NamedTuple):
    """A function that a pickle may call, under the name that it has there."""

    name: str
    function: Callable[..., Any]
    copies: bool = False  # whether what it makes is as large as what it is given
    trusted: bool = False  # a class that the user vouches for: it may be built as pickle does

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class Unpickler:
    """Reads one pickle from `file`.

    ``find(name)`` gives what a dotted name stands for: a `Call`, or a value; it raises LoadError.
    ``load_persistent(key)`` gives what is kept outside of the pickle.  ``error(text)`` makes the
    exception to raise.  No string is longer than `limit`, the size of the pickle (or something
    larger); `size` is that of the whole file.
    """

    def __init__(
        self,
        file: Any,
        limit: int,
        size: int,
        find: Callable[[str], Any],
        load_persistent: Callable[[Any], Any],
        error: Callable[[str], LoadError],
    ) -> None:
        self.file = file
        self.limit = limit
        self.size = size
        self.find = find
        self.load_persistent = load_persistent
        self.error = error
        self.memo: list[Any] = []
        self.gaps: dict[int, Any] = {}  # values stored under numbers that do not follow
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under each mark
        self.trusted: set[Any] = set()  # of the classes named, those the user vouches for
        self.tuple_keys = 0
        self.copied = 0  # bytes of the pickle
        self.tensors = 0  # and of tensors
        self.left = FREE + PER_BYTE * min(limit, size)  # bytes, for containers

    def load(self) -> Any:
        """What the pickle makes."""
        read, steps = self.file.read, STEPS
        try:
            while True:
                code = read(1)
                if code == pickle.STOP:
                    return self.pop()
                step = steps.get(code)
                if step is None:
                    if not code:
                        raise self.error("truncated: its pickle has no end")
                    raise self.error(
                        f"instruction {code!r} of its pickle is not one that data needs"
                    )
                step(self)
        except UnicodeDecodeError:
            raise self.error("damaged: a text in its pickle is none") from None

    def forget(self) -> None:
        """Let go of what the pickle stored on the way."""
        self.memo.clear()
        self.gaps.clear()

    # --- the file -------------------------------------------------------------------------------

    def read(self, count: int) -> bytes:
        if count > self.limit:
            raise self.error(f"damaged: a string of {count:,} bytes in {self.limit:,} bytes")
        data = self.file.read(count)
        if len(data) != count:
            raise self.error("truncated: its pickle ends in the middle of a value")
        return data

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.read(struct.calcsize(form)))[0]

    def line(self) -> str:
        data = self.file.readline(NAME_LENGTH)
        if not data.endswith(b"\n"):
            raise self.error("damaged: a name in its pickle has no end")
        return data[:-1].decode("utf-8")

    # --- the stack ------------------------------------------------------------------------------

    def pop(self) -> Any:
        if not self.stack:
            raise self.error("damaged: its pickle takes a value that is not there")
        return self.stack.pop()

    def top(self) -> Any:
        if not self.stack:
            raise self.error("damaged: its pickle uses a value that is not there")
        return self.stack[-1]

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        if len(self.below) == DEPTH:
            raise self.error(f"its pickle is nested more than {DEPTH} deep")
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        """All values above the last mark, taken off."""
        if not self.below:
            raise self.error("damaged: its pickle goes back to a mark that is not there")
        items, self.stack = self.stack, self.below.pop()
        return items

    def remember(self, index: int) -> None:
        value = self.top()
        if index == len(self.memo):
            self.memo.append(value)
        elif index < len(self.memo):
            self.memo[index] = value
        else:
            self.gaps[index] = value

    def recall(self, index: int) -> None:
        if index < len(self.memo):
            self.stack.append(self.memo[index])
        elif index in self.gaps:
            self.stack.append(self.gaps[index])
        else:
            raise self.error(f"damaged: its pickle recalls value {index}, which it never stored")

    # --- containers -----------------------------------------------------------------------------

    def make(self, container: Any) -> None:
        """Push a new container, of which a file may have more than there is memory for."""
        self.pay(getsizeof(container))
        self.stack.append(container)

    def pay(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise self.error(f"its containers would take more than {PER_BYTE} times its size")

    def tuple_of(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def extend(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not list:
            raise self.error(f"damaged: its pickle appends to a {type(target).__name__}")
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) not in (dict, OrderedDict, Counter) or len(items) % 2:
            raise self.error(f"damaged: its pickle sets items of a {type(target).__name__}")
        empty = 0 if target else getsizeof(target)
        for i in range(0, len(items), 2):
            key = items[i]
            self.check_key(key)
            if key in target:
                raise self.error(f"damaged: a dict has the key {_short(key)} twice")
            target[key] = items[i + 1]
        if empty and len(items) < 12:  # of a large one, each item has bytes enough
            self.pay(getsizeof(target) - empty)

    def add_items(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not set:
            raise self.error(f"damaged: its pickle adds to a {type(target).__name__}")
        for item in items:
            self.check_key(item)
            target.add(item)

    def frozen_set(self, items: list[Any]) -> None:
        for item in items:
            self.check_key(item)
        self.make(frozenset(items))

    def check_key(self, key: Any) -> None:
        """Refuse keys that are slow to hash, or that can be made to fall into one slot."""
        if type(key) is int and -(2**63) <= key < 2**64:
            return
        if isinstance(key, tuple):
            self.tuple_keys += 1
            if len(key) <= 64 and self.tuple_keys <= TUPLE_KEYS:
                for part in key:
                    if isinstance(part, tuple):
                        raise self.error("a tuple in a tuple as the key of a dict is not admitted")
                    self.check_key(part)
                return
            raise self.error("too many, or too long, tuples as keys of a dict")
        if isinstance(key, (list, dict, set, bytearray, complex, int)) and type(key) is not bool:
            raise self.error(f"{_short(key)} as the key of a dict is not admitted")

    # --- calls ----------------------------------------------------------------------------------

    def name(self, module: str, name: str) -> None:
        found = self.find(f"{OLD_MODULES.get(module, module)}.{name}")
        if type(found) is Call and found.trusted:
            self.trusted.add(found.function)
        self.stack.append(found)

    def named_on_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise self.error("damaged: a name in its pickle is no string")
        self.name(module, name)

    def count(self, *values: Any) -> None:
        """Note that `values` are about to be copied.

        An honest pickle copies each of its values once or twice; one that means harm recalls a
        large value again and again.
        """
        for value in values:
            if type(value) in TEXTS:
                self.copied += len(value)
            elif type(value) in CONTAINERS:
                self.copied += 2 * len(value)  # no element takes less in the file
            elif type(value) is Tensor:
                self.tensors += value.nbytes
        if self.copied > COPIES * self.limit or self.tensors > self.size:
            raise self.error("its pickle makes much more than it holds")

    def call(self) -> None:
        args, function = self.pop(), self.pop()
        if type(function) is not Call or type(args) is not tuple:
            raise self.error(f"its pickle calls {_short(function)}, which is not admitted")
        if function.copies:
            self.count(*args)
        for arg in args if function.name in ("builtins.set", "builtins.frozenset") else ():
            for item in arg if type(arg) is list else ():
                self.check_key(item)
        try:
            made = function(*args)
        except (ValueError, TypeError, OverflowError) as error:
            raise self.error(f"damaged or malicious: {error} ({function.name})") from None
        if isinstance(made, Tensor):
            self.pay(TENSOR)
        self.make(made)

    def new(self) -> None:
        args, kind = self.pop(), self.pop()
        if type(kind) is not Call or type(args) is not tuple or not kind.trusted:
            raise self.error(f"its pickle makes a {_short(kind)}, which is not admitted")
        made: Any = kind.function
        self.stack.append(made.__new__(made, *args))

    def build(self) -> None:
        """Give the object on the stack its attributes: only what knows how to check them."""
        state, target = self.pop(), self.top()
        self.count(state)
        if type(target) is OrderedDict and type(state) is dict:
            for attribute in state:
                if type(attribute) is not str or hasattr(OrderedDict, attribute):
                    raise self.error(f"damaged: an attribute {_short(attribute)} of a dict")
            target.__dict__.update(state)
        elif type(target) in self.trusted:
            if hasattr(target, "__setstate__"):
                target.__setstate__(state)
            else:
                plain, slots = state if type(state) is tuple and len(state) == 2 else (state, {})
                target.__dict__.update(plain or {})
                for attribute, value in (slots or {}).items():
                    setattr(target, attribute, value)
        else:
            raise self.error(
                f"its pickle sets attributes of a {type(target).__name__}, which is not admitted"
            )


def _short(value: Any) -> str:
    """What an error calls a value: never its content, which may be huge."""
    if isinstance(value, Call):
        return value.name
    if isinstance(value, str) and len(value) < 80:
        return repr(value)
    return f"a {type(value).__name__}"


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


Step = Callable[[Unpickler], Any]

STEPS: dict[bytes, Step] = {
    pickle.PROTO: lambda u: u.read(1),
    pickle.FRAME: lambda u: u.read(8) and None,
    # constants
    pickle.NONE: lambda u: u.push(None),
    pickle.NEWTRUE: lambda u: u.push(True),
    pickle.NEWFALSE: lambda u: u.push(False),
    pickle.BININT: lambda u: u.push(u.number("<i")),
    pickle.BININT1: lambda u: u.push(u.number("<B")),
    pickle.BININT2: lambda u: u.push(u.number("<H")),
    pickle.LONG1: lambda u: u.push(_long(u.read(u.number("<B")))),
    pickle.LONG4: lambda u: u.push(_long(u.read(u.number("<I")))),
    pickle.BINFLOAT: lambda u: u.push(u.number(">d")),
    pickle.BINUNICODE: lambda u: u.push(_text(u.read(u.number("<I")))),
    pickle.SHORT_BINUNICODE: lambda u: u.push(_text(u.read(u.number("<B")))),
    pickle.BINUNICODE8: lambda u: u.push(_text(u.read(u.number("<Q")))),
    pickle.BINBYTES: lambda u: u.push(u.read(u.number("<I"))),
    pickle.SHORT_BINBYTES: lambda u: u.push(u.read(u.number("<B"))),
    pickle.BINBYTES8: lambda u: u.push(u.read(u.number("<Q"))),
    pickle.BYTEARRAY8: lambda u: u.push(bytearray(u.read(u.number("<Q")))),
    pickle.SHORT_BINSTRING: lambda u: u.push(u.read(u.number("<B")).decode("ascii")),
    # containers
    pickle.EMPTY_TUPLE: lambda u: u.push(()),
    pickle.EMPTY_LIST: lambda u: u.make([]),
    pickle.EMPTY_DICT: lambda u: u.make({}),
    pickle.EMPTY_SET: lambda u: u.make(set()),
    pickle.MARK: lambda u: u.mark(),
    pickle.TUPLE: lambda u: u.push(tuple(u.since_mark())),
    pickle.TUPLE1: lambda u: u.tuple_of(1),
    pickle.TUPLE2: lambda u: u.tuple_of(2),
    pickle.TUPLE3: lambda u: u.tuple_of(3),
    pickle.APPEND: lambda u: u.extend([u.pop()]),
    pickle.APPENDS: lambda u: u.extend(u.since_mark()),
    pickle.SETITEM: lambda u: u.set_items([u.pop(), u.pop()][::-1]),
    pickle.SETITEMS: lambda u: u.set_items(u.since_mark()),
    pickle.ADDITEMS: lambda u: u.add_items(u.since_mark()),
    pickle.FROZENSET: lambda u: u.frozen_set(u.since_mark()),
    # the memo
    pickle.BINPUT: lambda u: u.remember(u.number("<B")),
    pickle.LONG_BINPUT: lambda u: u.remember(u.number("<I")),
    pickle.MEMOIZE: lambda u: u.remember(len(u.memo) + len(u.gaps)),
    pickle.BINGET: lambda u: u.recall(u.number("<B")),
    pickle.LONG_BINGET: lambda u: u.recall(u.number("<I")),
    # names and calls
    pickle.GLOBAL: lambda u: u.name(u.line(), u.line()),
    pickle.STACK_GLOBAL: lambda u: u.named_on_stack(),
    pickle.REDUCE: lambda u: u.call(),
    pickle.NEWOBJ: lambda u: u.new(),
    pickle.BUILD: lambda u: u.build(),
    pickle.BINPERSID: lambda u: u.push(u.load_persistent(u.pop())),
}
