"""Property-based tests of gradients: your own functions, modules and optimizers held to laws.

    from minitorch.testing import check_function, tensors

    check_function((forward, backward), tensors())

`check_function`, `check_module`, `check_optimizer` and `property` draw inputs with Hypothesis and
report the smallest ones for which a law is broken; `check_example` tries the laws on given inputs.
`gradcheck`, `gradgradcheck`, `assert_close` and `make_tensor` are PyTorch's.  Hypothesis and pytest
are imported when something that needs them is used.
"""

import importlib
from typing import Any

_HOMES = {
    "check": ("CheckReport", "check_example", "check_function"),
    "check_modules": ("check_module", "prepared"),
    "laws": ("LAWS", "Law"),
    "report": ("LawError",),
    "closeness": ("assert_allclose", "assert_close"),
    "check_optimizers": ("check_optimizer",),
    "random_tensors": ("make_tensor",),
    "profiles": ("load_profile",),
    "strategies": (
        "axes", "broadcastable", "class_targets", "dtypes", "indices", "masks", "positive_definite",
        "probabilities", "reals", "shapes", "signature", "tensors",
    ),
}  # fmt: skip
_HOME_OF = {name: f"minitorch.testing.{home}" for home, names in _HOMES.items() for name in names}
_HOME_OF |= dict.fromkeys(
    ("GradReport", "GradcheckError", "gradcheck", "gradgradcheck"), "minitorch.autograd"
)


def __getattr__(name: str) -> Any:
    if name == "property":  # the module that it lives in cannot be called so
        name, home = "property_test", "minitorch.testing.property_test"
        return getattr(importlib.import_module(home), name)
    if name not in _HOME_OF:
        raise AttributeError(f"module 'minitorch.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])


__all__ = [
    "LAWS", "CheckReport", "GradReport", "GradcheckError", "Law", "LawError", "assert_allclose",
    "assert_close", "axes", "broadcastable", "check_example", "check_function", "check_module",
    "check_optimizer", "class_targets", "dtypes", "gradcheck", "gradgradcheck", "indices",
    "load_profile",
    "make_tensor", "masks", "positive_definite", "prepared", "probabilities", "property", "reals",
    "shapes", "signature", "tensors",
]  # fmt: skip
