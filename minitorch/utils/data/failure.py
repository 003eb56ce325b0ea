"""An exception on its way from a worker to the program: with its type, and where it came from."""

from __future__ import annotations

import pickle
import traceback
from typing import Any


class Failure:
    """An exception caught in a worker; `revived()` is the one to raise in the program.

    That has the original type and attributes.  The worker's traceback is part of its message, or
    of its notes if its ``str()`` does not show its arguments.
    """

    def __init__(self, error: Exception, where: str, across: bool) -> None:
        self.name = type(error).__qualname__
        self.message = str(error)
        self.detail = (
            f"Caught {self.name} in DataLoader {where}, with this traceback:\n"
            f"{''.join(traceback.format_exception(error)).rstrip()}"
        )
        self.error: Any = pack(error) if across else error
        self.across = across

    def revived(self) -> Exception:
        error = unpack(self.error) if self.across else self.error
        if error is None:  # its type cannot be found from here
            return RuntimeError(f"{self.name}: {self.message}\n\n{self.detail}")
        return explained(error, self.detail)


class _Verbatim(str):
    """A message that KeyError, which shows the repr of its argument, shows as it is."""

    def __repr__(self) -> str:
        return str(self)


def explained(error: Exception, detail: str) -> Exception:
    """`error` with `detail` in what is shown of it."""
    before = error.args
    if len(before) < 2:
        message = str(error)
        error.args = (_Verbatim(f"{message}\n\n{detail}" if message else detail),)
        if detail in str(error):
            error.__dict__.pop("__notes__", None)  # they are in the detail
            return error
        error.args = before
    error.add_note(detail)
    return error


def pack(error: Exception) -> bytes | None:
    """`error` as bytes that `unpack` can read, if there are any."""
    parts = (type(error), error.args, {**error.__dict__})
    # Exceptions whose __init__ takes other arguments than they keep unpickle by parts only.
    for form in (error, parts):
        try:
            packed = pickle.dumps(form)
            if unpack(packed) is not None:
                return packed
        except Exception:
            continue
    return None


def unpack(packed: bytes | None) -> Any:
    if packed is None:
        return None
    form = pickle.loads(packed)
    if isinstance(form, Exception):
        return form
    kind, args, attributes = form
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error
