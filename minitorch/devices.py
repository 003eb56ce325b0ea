"""`device`: where a tensor lives.  There is one today, the CPU; the type keeps the seam open."""

from __future__ import annotations

from typing import Any

KINDS = ("cpu", "cuda", "mps", "xpu", "meta")


class device:
    """A device, such as ``device("cpu")``.  Mirrors ``torch.device``.

    Names of other devices can be spelled and compared, as programs do when they choose one; making
    a tensor there raises NotImplementedError.

    >>> import minitorch
    >>> minitorch.device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | device | int = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            index, type = type, "cuda"
        kind, _, number = type.partition(":")
        if kind not in KINDS:
            raise RuntimeError(f"Expected one of {', '.join(KINDS)} device type, got {type!r}")
        if number and (index is not None or not number.isdigit()):
            raise RuntimeError(f"Invalid device string: {type!r}")
        self.type = kind
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __enter__(self) -> device:
        """``with device("cpu"):`` makes tensors there; NotImplementedError for others."""
        require_cpu(self)
        return self

    def __exit__(self, *error: object) -> None: ...

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (str(self),)


CPU = device("cpu")


def require_cpu(where: Any) -> device:
    """The CPU if `where` is the CPU (or None); a clear error for any other device."""
    if where is None or where is CPU:
        return CPU
    found = where if isinstance(where, device) else device(where)
    if found.type != "cpu":
        raise NotImplementedError(
            f"minitorch computes on the CPU; there is no device {str(found)!r}. "
            "Use device='cpu', or leave the argument out"
        )
    return CPU
