"""The core against PyTorch: each program is run by both, and must end the same way."""

import pytest

from tests.parity.both import agree

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


@pytest.mark.parametrize("name", PROGRAMS, ids=str)
def test_programs(name):
    agree(PROGRAMS[name])


# --- Module -----------------------------------------------------------------------------------


def network(m):
    class Net(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = m.nn.Linear(2, 3)
            self.register_buffer("b", m.ones(2))
            self.register_buffer("scratch", m.ones(1), persistent=False)
            self.seq = m.nn.Sequential(m.nn.Linear(3, 3), m.nn.ReLU())
            self.seq2 = self.seq
            self.w = m.nn.Parameter(m.ones(1))

        def forward(self, x):
            return self.seq(self.fc(x)) * self.w

    return Net()


def attempt(m, change):
    net = network(m)
    change(m, net)
    return [list(net._parameters), list(net._buffers), list(net._modules), list(net.state_dict())]


CHANGES = {
    "parameter to None": lambda m, n: setattr(n, "w", None),
    "parameter to number": lambda m, n: setattr(n, "w", 5),
    "parameter to tensor": lambda m, n: setattr(n, "w", m.ones(1)),
    "parameter to module": lambda m, n: setattr(n, "w", m.nn.ReLU()),
    "module to parameter": lambda m, n: setattr(n, "fc", m.nn.Parameter(m.ones(1))),
    "module to None": lambda m, n: setattr(n, "fc", None),
    "module to number": lambda m, n: setattr(n, "fc", 5),
    "buffer to tensor": lambda m, n: setattr(n, "b", m.ones(5)),
    "buffer to number": lambda m, n: setattr(n, "b", 5),
    "buffer to parameter": lambda m, n: setattr(n, "b", m.nn.Parameter(m.ones(1))),
    "buffer to module": lambda m, n: setattr(n, "b", m.nn.ReLU()),
    "scratch persistent": lambda m, n: n.register_buffer("scratch", m.ones(1)),
    "delete parameter": lambda m, n: delattr(n, "w"),
    "delete module": lambda m, n: delattr(n, "seq"),
    "delete nothing": lambda m, n: delattr(n, "nothing"),
    "plain to parameter": lambda m, n: (setattr(n, "p", 5), setattr(n, "p", m.nn.Parameter())),
    "name of a method": lambda m, n: setattr(n, "forward", m.nn.Parameter(m.ones(1))),
    "register method": lambda m, n: n.register_buffer("forward", m.ones(1)),
    "dot": lambda m, n: n.register_parameter("a.b", None),
    "empty": lambda m, n: n.add_module("", None),
    "number as name": lambda m, n: n.add_module(5, None),
    "register tensor": lambda m, n: n.register_parameter("q", m.ones(1)),
    "Buffer": lambda m, n: setattr(n, "q", m.nn.Buffer(m.ones(1), persistent=False)),
    "set_submodule": lambda m, n: n.set_submodule("seq.1", m.nn.Tanh()),
    "set_submodule strict": lambda m, n: n.set_submodule("new", m.nn.Tanh(), strict=True),
    "missing path": lambda m, n: n.get_submodule("seq.7"),
    "missing parameter": lambda m, n: n.get_parameter("fc"),
    "train(1)": lambda m, n: n.train(1),
    "to(int)": lambda m, n: n.to(m.int64),
    "load nothing": lambda m, n: n.load_state_dict({}),
    "load list": lambda m, n: n.load_state_dict([]),
    "load shape": lambda m, n: n.load_state_dict({"w": m.ones(3)}, strict=False),
    "load type": lambda m, n: n.load_state_dict({"w": 3}, strict=False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_to_modules(name):
    agree(lambda m: attempt(m, CHANGES[name]))


@program
def module_walks(m):
    n = network(m)
    n.extra = n.fc
    return [
        [k for k, _ in n.named_parameters()],
        [k for k, _ in n.named_parameters(remove_duplicate=False)],
        [k for k, _ in n.named_parameters("p", recurse=False)],
        [k for k, _ in n.named_modules()],
        [k for k, _ in n.named_modules(remove_duplicate=False)],
        [k for k, _ in n.named_children()],
        [k for k, _ in n.named_buffers()],
        list(n.state_dict(prefix="x.")),
        {k: dict(v) for k, v in n.state_dict()._metadata.items()},
        repr(n),
    ]


@program
def module_load_not_strict(m):
    state = network(m).state_dict()
    state.update({"nonsense": m.ones(1), "w.x": m.ones(1), "seq.9.w": m.ones(1)})
    del state["fc.bias"]
    return list(network(m).load_state_dict(state, strict=False))


@program
def module_numbers(m):
    m.manual_seed(3)
    n = network(m)
    x = m.ones(1, 2, requires_grad=True)
    n(x).sum().backward()
    return [dict(n.named_parameters()), [p.grad for p in n.parameters()], x.grad]


@program
def module_hooks(m):
    log = []
    n = network(m)
    m.manual_seed(0)
    for name, module in n.named_modules():
        module.register_forward_pre_hook(lambda mod, a, n=name: log.append(("pre", n)))
        module.register_forward_hook(lambda mod, a, o, n=name: log.append(("post", n)))
        module.register_full_backward_pre_hook(lambda mod, g, n=name: log.append(("enter", n)))
        module.register_full_backward_hook(lambda mod, i, o, n=name: log.append(("leave", n)))
    n(m.ones(1, 2, requires_grad=True)).sum().backward()
    return log


# --- the engine and Function ------------------------------------------------------------------


@program
def tensor_hook_order(m):
    log = []
    x = m.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.grad_fn.register_prehook(lambda g: log.append("prehook"))
    y.grad_fn.register_hook(lambda i, o: log.append("node"))
    y.register_hook(lambda g: log.append("tensor"))
    x.register_hook(lambda g: log.append("leaf"))
    x.register_post_accumulate_grad_hook(lambda t: log.append("post"))
    (y * y).sum().backward()
    return log, y.grad, x.grad


@program
def hook_changes_dtype(m):
    x = m.ones(2, requires_grad=True)
    x.register_hook(lambda g: g.double())
    x.sum().backward()


@program
def double_backward_of_every_kind(m):
    x = m.tensor([0.5, 2.0], requires_grad=True)
    (g,) = m.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
    g.sum().backward()
    return g, x.grad


def function(m, forward, backward, **more):
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward), **more}
    return type("F", (m.autograd.Function,), members).apply


FUNCTIONS = {
    "plain": (lambda ctx, x: x * 2, lambda ctx, g: g * 2),
    "list": (lambda ctx, x: (x * 2, x * 3), lambda ctx, g, h: g * 2 + h),
    "too few": (lambda ctx, x: x * 2, lambda ctx, g: ()),
    "too many": (lambda ctx, x: x * 2, lambda ctx, g: (g, g)),
    "extra None": (lambda ctx, x: x * 2, lambda ctx, g: (g, None)),
    "None": (lambda ctx, x: x * 2, lambda ctx, g: None),
    "wrong shape": (lambda ctx, x: x * 2, lambda ctx, g: g[:1].expand(5)),
    "broadcast down": (lambda ctx, x: x * 2, lambda ctx, g: g.expand(3, 2)),
    "other dtype": (lambda ctx, x: x * 2, lambda ctx, g: g.double()),
    "input itself": (lambda ctx, x: x, lambda ctx, g: g * 5),
    "view": (lambda ctx, x: x.view(-1), lambda ctx, g: g * 5),
    "integers": (lambda ctx, x: (x * 2, x.argmax()), lambda ctx, g, _: g),
    "not a tensor": (lambda ctx, x: 5, lambda ctx, g: g),
    "with a number": (lambda ctx, x: (x * 2, 5), lambda ctx, g, h: g if h is None else None),
    "saved": (lambda ctx, x: (ctx.save_for_backward(x, None), x * x)[1],
              lambda ctx, g: 2 * ctx.saved_tensors[0] * g),
    "saves a number": (lambda ctx, x: (ctx.save_for_backward(5), x)[1], lambda ctx, g: g),
    "dirty": (lambda ctx, x: (ctx.mark_dirty(x), x.mul_(2))[1], lambda ctx, g: g * 2),
    "not materialized": (lambda ctx, x: (ctx.set_materialize_grads(False), (x * 2, x * 3))[1],
                         lambda ctx, g, h: g if h is None else g * 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    def run(m):
        x = m.tensor([1.0, 2.0], requires_grad=True)
        h = x * 1
        y = function(m, *FUNCTIONS[name])(h)
        first = y[0] if isinstance(y, tuple) else y
        first.sum().backward()
        return x.grad, list(y) if isinstance(y, tuple) else y, h

    agree(run)


@program
def needs_input_grad(m):
    seen = []
    f = function(m, lambda ctx, *a: (seen.append(ctx.needs_input_grad), a[0] * 1)[1], None)
    x = m.ones(1, requires_grad=True)
    f(x, 3, m.ones(1))
    with m.no_grad():
        f(x, "a", m.ones(1))
    return seen


@program
def grad_modes(m):
    seen = []
    with m.no_grad():
        with m.inference_mode(False):
            seen.append(m.is_grad_enabled())
        with m.set_grad_enabled(True):
            seen.append(m.is_grad_enabled())
        x = m.ones(1, requires_grad=True)
        seen.append((x * 2).requires_grad)
    context = m.set_grad_enabled(False)
    seen.append(m.is_grad_enabled())
    with context:
        seen.append(m.is_grad_enabled())
    return [*seen, m.is_grad_enabled()]


@program
def backward_into_computed_inputs(m):
    x = m.ones(2, requires_grad=True)
    y = x * 2
    (y * y).sum().backward(inputs=[y])
    return y.grad, x.grad


# --- autograd.functional and func -------------------------------------------------------------


@program
def functional_of_complex_and_several(m):
    af = m.autograd.functional
    z = m.tensor([1 + 2j, 3 - 1j])
    v = m.tensor([2 - 1j, 1j])
    x, y = m.tensor([1.0, 2.0]), m.tensor([3.0, 0.5])
    return [
        af.vjp(lambda z: z * z, z, v)[1],
        af.jvp(lambda z: z * z, z, v)[1],
        af.jacobian(lambda x, y: (x * y, (x * x).sum()), (x, y)),
        af.hessian(lambda x, y: (x * x * y).sum(), (x, y)),
        af.hvp(lambda x: (x**3).sum(), x, y)[1],
    ]


# --- Ranges -----------------------------------------------------------------------------------


@program
def ranges(m):
    ends = [(-8, 8, 0.1), (0, 1, 0.01), (2.3, -7, -0.07), (0.5, 3, 0.25), (0, 300, 1.5), (0, 9, 2)]
    kinds = [m.float32, m.float64, m.float16]
    made = [m.arange(*e, dtype=k).double() for e in ends for k in kinds]
    made += [m.linspace(a, b, n) for a, b in ((-8, 8), (0.1, -2.3)) for n in (1, 2, 60, 101)]
    made += [m.linspace(-3, 7.7, 40, dtype=k) for k in (m.float64, m.int64)]
    return [[float(x).hex() for x in t.tolist()] for t in made]  # texts: equal to the bit


@program
def even_bins(m):
    x = m.tanh(m.linspace(-3, 3, 2001))
    y = (x * 20).round() / 10  # many elements on the edges
    return [[m.histogram(z, n).hist, m.histc(z, n)] for z in (x, y) for n in (7, 10, 100)]


# --- Half precision: computed in single, rounded once, to the bit ---------------------------------

HALVES = {
    "number": lambda m, x, y: [x * 0.37, 0.37 * x, x / 3.3, x.clone().mul_(0.1), x * 3, x - 0.1],
    "no dimensions": lambda m, x, y: [x * m.tensor(0.37), m.tensor(0.37) * x, x / m.tensor(3.3)],
    "alpha": lambda m, x, y: [m.add(x, y, alpha=0.3), m.sub(x, y, alpha=0.3)],
    "addcmul": lambda m, x, y: [m.addcmul(x, x, y, value=0.3)],
    "rsqrt": lambda m, x, y: [(x * x + 1).rsqrt()],
    "norms": lambda m, x, y: [
        m.nn.functional.rms_norm(x, (40,)),
        m.nn.functional.rms_norm(x, (40,), y[0], 1e-5),
        m.nn.functional.group_norm(x, 4, y[0], y[0]),
    ],
    "activations": lambda m, x, y: [m.nn.functional.glu(x), m.nn.functional.hardsigmoid(x)],
    "pooling": lambda m, x, y: [
        m.nn.functional.avg_pool1d(x[None], 3),
        m.nn.functional.adaptive_avg_pool1d(x[None], 7),
    ],
    "spread": lambda m, x, y: [x.std(-1), x.std()],
    "product": lambda m, x, y: [m.addmm(x[:, :8], x, y.T, beta=0.3), m.addmm(x[:, :8], x, y.T)],
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_half_precision_is_rounded_once(name, kind):
    def function(m):
        grid = m.arange(320, dtype=m.float64).reshape(8, 40)
        dtype = getattr(m, kind)
        x, y = m.sin(grid * 1.7).to(dtype), (m.cos(grid * 0.9) * 2).to(dtype)
        results = HALVES[name](m, x, y)
        assert all(r.dtype is dtype for r in results)
        return [[v.hex() for v in r.double().flatten().tolist()] for r in results]

    agree(function)
