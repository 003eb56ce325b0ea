"""Linear algebra: the functions of ``torch.linalg``, one file for each idea.

Matrices are the last two dimensions; the dimensions before them are a batch.  Only float32,
float64, complex64 and complex128 are taken, and nothing is promoted.
"""
