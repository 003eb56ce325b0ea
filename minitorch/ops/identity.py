"""The identity: the same memory behind a node of its own."""

from minitorch.ops.primitive import primitive


@primitive
def identity(input, /):
    """`input` itself, one step further in the graph."""
    return input


identity.gradient(input=lambda g: g)
