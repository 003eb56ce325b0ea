"""Long graphs: n multiplies in a row and the way back. Cost and memory per node must not grow."""

from benchmarks.registry import workload


def chain(T, nodes):
    x = T.ones(4, 4).requires_grad_()
    w = T.full((4, 4), 0.999999).requires_grad_()

    def loop(n):
        for _ in range(n):
            x.grad = w.grad = None
            y = x
            for _ in range(nodes):
                y = y * w
            y.sum().backward()
        return x.grad

    return loop


@workload("chain-1e3", "1,000 multiplies and back, per node", per=1_000)
def chain_1e3(T):
    return chain(T, 1_000)


@workload("chain-1e4", "10,000 multiplies and back, per node", per=10_000)
def chain_1e4(T):
    return chain(T, 10_000)


@workload("chain-1e5", "100,000 multiplies and back, per node", per=100_000, fresh=True)
def chain_1e5(T):
    chain(T, 1_000)(1)  # the process's first touch of everything is not the chain's cost
    return chain(T, 100_000)


@workload(
    "chain-1e6",
    "1,000,000 multiplies and back, per node",
    per=1_000_000,
    fresh=True,
    heavy=True,
)
def chain_1e6(T):
    chain(T, 1_000)(1)
    return chain(T, 1_000_000)
