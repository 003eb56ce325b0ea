"""The families of workloads, in the order of the table. Importing this registers them all."""

from importlib import import_module

for family in ("ops", "chains", "mlp", "startup"):
    import_module(f"{__name__}.{family}")
