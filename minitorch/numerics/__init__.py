"""Numerical functions from arrays to arrays; nothing here knows of Tensors."""
