"""Reading the JSON header of safetensors.

Python's json reads any JSON, and so can be made to build anything: deep nests, millions of empty
lists, keys twice.  The header has one form only, and nothing else is read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from minitorch.errors import LoadError
from minitorch.serialization.storage import MAX_DIMS

NUMBER = re.compile(r"(0|[1-9][0-9]{0,18})(?![0-9.eE])")
SPACE = re.compile(r"[ \t\r\n]*")


class TensorEntry(NamedTuple):
    """What the header says of one tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class HeaderReader:
    """Walks through the text once, from left to right."""

    def __init__(self, header: bytes, error: Callable[[str], LoadError]) -> None:
        self.fail = error
        try:
            self.text = header.decode("utf-8")
        except UnicodeDecodeError:
            raise error("damaged: its header is no text") from None
        self.at = 0

    def error(self, what: str) -> LoadError:
        return self.fail(f"damaged: its header has {what} at character {self.at:,}")

    def read(self) -> tuple[dict[str, str], list[TensorEntry]]:
        """The metadata, and the entries of all tensors."""
        metadata: dict[str, str] = {}
        entries = []
        names: set[str] = set()
        for name in self._keys(names):
            if name == "__metadata__":
                self._metadata(metadata)
            else:
                entries.append(self._entry(name))
        self._space()
        if self.at != len(self.text):
            raise self.error("something behind its end")
        return metadata, entries

    def _metadata(self, metadata: dict[str, str]) -> None:
        for key in self._keys(set()):
            metadata[key] = self._string()

    def _entry(self, name: str) -> TensorEntry:
        dtype, shape, offsets = None, None, None
        for key in self._keys(set()):
            if key == "dtype":
                dtype = self._string()
            elif key == "shape":
                shape = self._numbers(MAX_DIMS)
            elif key == "data_offsets":
                offsets = self._numbers(2)
            else:
                raise self.error("an unknown property of a tensor")
        if dtype is None or shape is None or offsets is None or len(offsets) != 2:
            raise self.error("an incomplete tensor")
        return TensorEntry(name, dtype, shape, *offsets)

    def _keys(self, seen: set[str]):  # type: ignore[no-untyped-def]
        """The keys of an object one by one; the caller reads the value of each before the next."""
        self._expect("{")
        if self._next() == "}":
            self.at += 1
            return
        while True:
            key = self._string()
            if key in seen:
                raise self.error("a key twice")
            seen.add(key)
            self._expect(":")
            yield key
            if self._next() == "}":
                self.at += 1
                return
            self._expect(",")

    def _space(self) -> None:
        self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def _next(self) -> str:
        self._space()
        return self.text[self.at : self.at + 1]

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise self.error(f"no {sign!r}")
        self.at += 1

    def _string(self) -> str:
        self._expect('"')
        try:
            value, self.at = json.decoder.scanstring(self.text, self.at)  # type: ignore[attr-defined]
        except ValueError:
            raise self.error("a bad string") from None
        return value

    def _numbers(self, most: int) -> tuple[int, ...]:
        self._expect("[")
        numbers: list[int] = []
        if self._next() == "]":
            self.at += 1
            return ()
        while True:
            self._space()
            found = NUMBER.match(self.text, self.at)
            if found is None or len(numbers) == most:
                raise self.error("no list of whole numbers")
            numbers.append(int(found[0]))
            self.at = found.end()
            if self._next() == "]":
                self.at += 1
                return tuple(numbers)
            self._expect(",")
