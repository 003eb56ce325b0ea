"""The judge: minitorch's operators against PyTorch's own operator tests.

PyTorch ships one record per operator (``OpInfo``) from which it makes its tests: sample inputs,
inputs that must fail, dtypes, variants. Here every sample is handed to both libraries and
everything that a program can see is compared: values, dtypes, shapes, the kind of the result,
which results share memory with which inputs, first and second gradients, methods, in-place
forms, operators, aliases and errors.

    python -m tests.parity.judge                         every op of the list (lists.py)
    python -m tests.parity.judge --op add --op linalg.det  in detail
    python -m tests.parity.judge --group linalg --summary -j 2
    python -m tests.parity.judge --against torch         judge PyTorch by itself (checks the judge)

A failure has a category (see ``HARD`` and ``SOFT``); soft ones are reported but do not fail an op.
"""

import torch

torch.set_num_threads(1)
