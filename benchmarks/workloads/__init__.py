"""The families of workloads, in the order of the table. Importing this registers them all."""

from importlib import import_module

FAMILIES = (
    "ops", "chains", "optimizers", "mlp", "convnets", "gpt", "recurrent", "programs", "kernels",
    "data", "startup",
)  # fmt: skip

for family in FAMILIES:
    import_module(f"{__name__}.{family}")
