"""Mixed precision and compile: names that do nothing, so that programs run as they stand."""

import importlib

import pytest

import minitorch
from minitorch import nn


def train(**options):
    """A program that asks for everything."""
    minitorch.manual_seed(0)
    model = minitorch.compile(nn.Linear(3, 1), **options)
    model.compile()
    optimizer = minitorch.optim.SGD(model.parameters(), lr=0.1)
    scaler = minitorch.amp.GradScaler("cuda", enabled=True)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        with minitorch.autocast(device_type="cpu", dtype=minitorch.bfloat16, enabled=True):
            loss = model(minitorch.ones(2, 3)).square().mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return losses


def test_programs_run_and_learn():
    losses = train(mode="max-autotune")
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_autocast_as_a_decorator():
    @minitorch.amp.autocast("cuda")
    def f(x, *, k=1):
        "Doc."
        return x * k

    assert f(2, k=3) == 6
    assert (f.__name__, f.__doc__) == ("f", "Doc.")
    assert minitorch.cuda.amp.autocast()(lambda: 1)() == 1
    with minitorch.cuda.amp.autocast(enabled=False) as context:
        assert isinstance(context, minitorch.autocast)
        assert not minitorch.is_autocast_enabled("cuda")
    assert not minitorch.amp.is_autocast_available("cpu")


def test_what_programs_ask_about_autocast():
    with minitorch.cpu.amp.autocast(dtype=minitorch.bfloat16):
        x = minitorch.ones(2, 2)
        assert (x @ x).dtype is minitorch.get_autocast_dtype("cpu") is minitorch.float32
        assert not minitorch.is_autocast_enabled()
        assert not minitorch.is_autocast_cache_enabled()
        minitorch.clear_autocast_cache()
    with pytest.raises(RuntimeError, match="abc"):
        minitorch.get_autocast_dtype("abc")


@pytest.mark.parametrize("home", ["amp", "cuda.amp"])
def test_the_files_of_pytorch(home):
    module = importlib.import_module(f"minitorch.{home}")
    modes = importlib.import_module(f"minitorch.{home}.autocast_mode")
    scalers = importlib.import_module(f"minitorch.{home}.grad_scaler")
    assert (modes.autocast, scalers.GradScaler) == (module.autocast, module.GradScaler)


def test_the_cpu_as_a_device():
    cpu = minitorch.cpu
    assert (cpu.is_available(), cpu.is_initialized(), cpu.device_count()) == (True, True, 1)
    cpu.set_device("cpu"), cpu.synchronize()
    assert minitorch.ones(1, device=cpu.current_device()).device == minitorch.device("cpu")
    assert cpu.amp.GradScaler(enabled=True).get_scale() == 1


def test_autocast_lets_exceptions_through():
    with pytest.raises(KeyError), minitorch.autocast("cpu"):
        raise KeyError


def test_wrong_arguments():
    with pytest.raises(ValueError, match="str"):
        minitorch.autocast(minitorch.device("cpu"))
    with pytest.raises(RuntimeError, match="abc"):
        minitorch.autocast("abc")
    with pytest.raises(TypeError, match="callable"):
        minitorch.autocast("cpu")(3)
    with pytest.raises(AssertionError):
        minitorch.amp.GradScaler("cpu", growth_factor=1.0)


def test_the_scaler_is_one_that_is_off():
    scaler = minitorch.cuda.amp.GradScaler(growth_interval=7)
    assert not scaler.is_enabled()
    assert scaler.get_scale() == 1.0
    assert scaler.get_growth_interval() == 7
    assert scaler.state_dict() == {}
    scaler.load_state_dict({"scale": 65536.0, "_growth_tracker": 3})
    loss = minitorch.ones(1)
    assert scaler.scale(loss) is loss
    assert scaler.scale([loss])[0] is loss


def test_functions_for_autograd():
    class Double(minitorch.autograd.Function):
        @staticmethod
        @minitorch.amp.custom_fwd(device_type="cuda", cast_inputs=minitorch.float32)
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @minitorch.cuda.amp.custom_bwd
        def backward(ctx, g):
            return g * 2

    x = minitorch.ones(1, requires_grad=True)
    Double.apply(x).backward()
    assert x.grad.item() == 2


def test_compile():
    def f(x):
        return x

    assert minitorch.compile(f) is f
    assert minitorch.compile(f, backend="inductor", dynamic=True) is f
    assert minitorch.compile()(f) is f
    assert minitorch.compiler.disable(f) is f
    assert minitorch.compiler.disable()(f) is f
    assert not minitorch.compiler.is_compiling()
    model = nn.Linear(1, 1)
    assert model.compile(fullgraph=True) is model
    with pytest.raises(RuntimeError, match="not both"):
        minitorch.compile(f, mode="default", options={})
    with pytest.raises(TypeError, match="int"):
        minitorch.compile(3)
