"""The engine: what a tensor remembers, and how gradients flow back along it.

Read in this order: `state` (a tensor's memory, and the `Node` that records one op), `backward`
(the walk), `modes` (when nothing is recorded), `clock` (how an overwritten value is noticed).
"""
