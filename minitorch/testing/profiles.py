"""How thoroughly checks look: `dev` while writing, `ci` on every push, `deep` over night."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROFILES", "Profile", "current_profile", "load_profile"]


@dataclass(frozen=True)
class Profile:
    """`examples` of one check at most, and the `seconds` after which it stops drawing more."""

    name: str
    examples: int
    seconds: float


PROFILES = {
    "dev": Profile("dev", 100, 1.5),
    "ci": Profile("ci", 300, 15.0),
    "deep": Profile("deep", 2000, 600.0),
}
_current = [PROFILES["dev"]]


def load_profile(name: str) -> Profile:
    """Make `name` ("dev", "ci" or "deep") the profile of the checks that follow."""
    if name not in PROFILES:
        raise ValueError(f"no profile is called {name!r}; there are {', '.join(PROFILES)}")
    _current[0] = PROFILES[name]
    return _current[0]


def current_profile() -> Profile:
    """The profile in force: `dev` unless another was loaded."""
    return _current[0]
