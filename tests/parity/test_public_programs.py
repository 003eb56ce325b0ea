"""What public programs do that other tests do not: same numbers as PyTorch."""

import pytest

from tests.parity.both import agree


def sequences(t):
    t.manual_seed(0)
    return [t.randn(n, 6) for n in (3, 1, 4)]


def nested_attention(t):
    """A pre-norm block over a nested tensor, as in NaViT, with dropout and its random numbers."""
    t.manual_seed(0)
    nn, F = t.nn, t.nn.functional
    norm, out = nn.LayerNorm(6, bias=False), nn.Linear(6, 6)
    qkv = nn.ModuleList(nn.Linear(6, 6, bias=False) for _ in range(3))
    feed = nn.Sequential(
        nn.RMSNorm(6), nn.Linear(6, 8), nn.GELU(), nn.Dropout(0.2), nn.Linear(8, 6)
    )
    x = t.nested.nested_tensor(sequences(t), layout=t.jagged, requires_grad=True)

    def heads(y):
        return y.unflatten(-1, (2, 3)).transpose(1, 2)

    q, k, v = (heads(part(norm(x))) for part in qkv)
    y = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1)
    x2 = F.dropout(out(y.transpose(1, 2).flatten(-2)), 0.0) + x
    x3 = feed(x2) + x2 * 0.5
    loss = sum((part**2).sum() for part in x3.unbind())
    loss.backward()
    padded = x3.to_padded_tensor(0.0)
    params = [p for m in (norm, qkv, out, feed) for p in m.parameters()]
    return [loss, padded, x.grad.values(), x3.offsets(), *(p.grad for p in params)]


def writes_through_data_go_unseen(t):
    """As torchdiffeq and labml's Stack keep what comes later in the same memory."""

    class Put(t.autograd.Function):
        @staticmethod
        def forward(ctx, scratch, value, index):
            ctx.index = index
            scratch.data[index] = value
            return scratch

        @staticmethod
        def backward(ctx, g):
            return g, g[ctx.index], None

    w = t.tensor([0.5, -1.0], requires_grad=True)
    k = t.zeros(3, 2)
    y = w * 1
    for i in range(3):
        k = Put.apply(k, y, i)
        y = y + (k[: i + 1] * t.tensor(0.3)).sum(0) ** 2
    y.sum().backward()
    x = t.ones(3, requires_grad=True)
    z = (x * x).sum()
    x.data[1] = 5
    z.backward()
    return [y, w.grad, x.grad, x._version, x.data._version]


def split_by_its_names(t):
    x = t.arange(10).reshape(2, 5)
    return [x.split(split_size=[2, 3], dim=-1), x.split(split_size=1), t.split(x, 3, dim=1)]


def other_weights_for_a_convolution(t):
    """As LoRA's convolutions call theirs."""
    t.manual_seed(0)
    out = []
    for mode in ("zeros", "reflect"):
        conv = t.nn.Conv2d(2, 3, 3, padding=1, padding_mode=mode)
        out.append(conv._conv_forward(t.ones(1, 2, 4, 4), conv.weight * 2, None))
    return out


def old_names(t):
    x = t.arange(6.0, requires_grad=True)
    t.testing.assert_allclose([1.0, float("nan")], t.tensor([1.00005, float("nan")]))
    return [t.detach(x), x.resize(2, 3), x.resize(6), t.cuda._initialized]


def old_names_that_differ(t):
    return t.testing.assert_allclose([1, 2], t.tensor([1, 3]))


def heavier(x):
    return x + 1


def nothing_to_do(t):
    from_utils = __import__(f"{t.__name__}.utils.checkpoint", fromlist=["x"])
    states = from_utils.get_device_states(t.ones(2))
    from_utils.set_device_states(*states)
    __import__(f"{t.__name__}._dynamo")
    t._dynamo.config.suppress_errors = True
    t._dynamo.reset()
    t._assert(True, "fine")
    return [states, t._dynamo.config.suppress_errors, t.compiler.allow_in_graph(heavier)(1)]


PROGRAMS = [
    nested_attention, writes_through_data_go_unseen, split_by_its_names,
    other_weights_for_a_convolution, old_names, old_names_that_differ, nothing_to_do,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_numbers(program):
    agree(program)


LAYERS = {
    "conv2d": lambda F, x: F.conv2d(x, x[:, :, :3, :3].contiguous() / 9, stride=2),
    "conv_transpose2d": lambda F, x: F.conv_transpose2d(x, x[:, :3, :2, :2].transpose(0, 1)[:, :2]),
    "batch_norm": lambda F, x: F.batch_norm(x, None, None, training=True),
    "group_norm": lambda F, x: F.group_norm(x, 2),
    "max_pool2d": lambda F, x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda F, x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda F, x: F.adaptive_avg_pool2d(x, 3),
    "adaptive_max_pool2d": lambda F, x: F.adaptive_max_pool2d(x, 3),
    "interpolate": lambda F, x: F.interpolate(x, scale_factor=2),
    "interpolate to the same size": lambda F, x: F.interpolate(x, size=x.shape[2:]),
    "gelu": lambda F, x: F.gelu(x),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_channels_last_stays_through_layers(layer):
    """Dropout draws in the order of memory, so that its mask shows the order, and strides do."""

    def program(t):
        t.manual_seed(0)
        x = t.randn(2, 6, 6, 4).permute(0, 3, 1, 2).requires_grad_()
        y = LAYERS[layer](t.nn.functional, x)
        z = t.nn.functional.dropout(t.cat([y, y], 1), 0.4)
        z.pow(2).mean().backward()
        again = LAYERS[layer](t.nn.functional, x.detach().contiguous())
        return [y, y.stride(), z, x.grad, x.stride(), again.stride(), x.detach().relu_()]

    agree(program)


def dropout_of_dimensions_in_any_order(t):
    t.manual_seed(0)
    x = t.arange(120.0).reshape(2, 3, 4, 5) + 1
    shapes = [
        x.permute(2, 0, 3, 1), x[:, ::2].permute(3, 1, 0, 2), x[..., 1:],
        x[:, :1].expand(2, 3, 4, 5).transpose(1, 3), t.view_as_real(t.complex(x, x))[..., 0].mT,
    ]  # fmt: skip
    return [t.nn.functional.dropout(y, 0.3) for y in shapes]


def fourier_transforms_as_they_lie(t):
    """FNet's mixing, and what dropout then draws."""
    t.manual_seed(0)
    x = t.randn(4, 3, 5)
    y = t.fft.fft(t.fft.fft(x, dim=2), dim=0).real
    z = [t.fft.fft2(x.mT).abs(), t.fft.rfft(x, dim=1).imag, t.fft.ifftn(x, dim=(1, 0)).real]
    return [t.nn.functional.dropout(w, 0.4) for w in (y, *z)]


@pytest.mark.parametrize(
    "program", [dropout_of_dimensions_in_any_order, fourier_transforms_as_they_lie]
)
def test_orders_of_memory(program):
    agree(program)
