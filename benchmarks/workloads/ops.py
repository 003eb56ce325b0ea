"""The cost of one recorded operation where the arithmetic is nothing: 4x4 tensors.

`-forward` makes the result and its graph and drops both; `-backward` also goes back.
"""

import numpy as np

from benchmarks.registry import workload


def two(T):
    rng = np.random.default_rng(0)
    a, b = (T.tensor(rng.uniform(0.5, 1.5, (4, 4)).tolist(), requires_grad=True) for _ in "ab")
    return a, b, T.ones(4, 4)


@workload("op-add-forward", "a + b, 4x4, forward")
def add_forward(T):
    a, b, _ = two(T)

    def loop(n):
        for _ in range(n):
            out = a + b
        return out

    return loop


@workload("op-add-backward", "a + b, 4x4, forward and backward")
def add_backward(T):
    a, b, g = two(T)

    def loop(n):
        for _ in range(n):
            a.grad = b.grad = None
            (a + b).backward(g)
        return a.grad

    return loop


@workload("op-mul-forward", "a * b, 4x4, forward")
def mul_forward(T):
    a, b, _ = two(T)

    def loop(n):
        for _ in range(n):
            out = a * b
        return out

    return loop


@workload("op-mul-backward", "a * b, 4x4, forward and backward")
def mul_backward(T):
    a, b, g = two(T)

    def loop(n):
        for _ in range(n):
            a.grad = b.grad = None
            (a * b).backward(g)
        return a.grad

    return loop


@workload("op-exp-forward", "a.exp(), 4x4, forward")
def exp_forward(T):
    a, _, _ = two(T)

    def loop(n):
        for _ in range(n):
            out = a.exp()
        return out

    return loop


@workload("op-exp-backward", "a.exp(), 4x4, forward and backward")
def exp_backward(T):
    a, _, g = two(T)

    def loop(n):
        for _ in range(n):
            a.grad = None
            a.exp().backward(g)
        return a.grad

    return loop


@workload("op-matmul-forward", "a @ b, 4x4, forward")
def matmul_forward(T):
    a, b, _ = two(T)

    def loop(n):
        for _ in range(n):
            out = a @ b
        return out

    return loop


@workload("op-matmul-backward", "a @ b, 4x4, forward and backward")
def matmul_backward(T):
    a, b, g = two(T)

    def loop(n):
        for _ in range(n):
            a.grad = b.grad = None
            (a @ b).backward(g)
        return a.grad

    return loop
