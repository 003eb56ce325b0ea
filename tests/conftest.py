"""What all tests share: one thread per process, Hypothesis's profiles, parity only with PyTorch."""

import importlib.util
import os

from hypothesis import HealthCheck, settings

# Several test processes run side by side; threads of their own would only get in each other's way.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

collect_ignore = [] if importlib.util.find_spec("torch") else ["parity"]

settings.register_profile(
    "dev", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=100, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
