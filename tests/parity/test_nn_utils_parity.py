"""nn.init, lazy modules and nn.utils against PyTorch: same numbers, same keys, same errors."""

import copy
import pickle

import pytest
import torch

from tests.parity.both import agree

# --- nn.init -----------------------------------------------------------------------------------

INITIALISERS = [
    ("uniform_", (40,), (-1.0, 2.0), {}),
    ("normal_", (40,), (1.0, 2.0), {}),
    ("normal_", (5,), (1.0, 2.0), {}),
    ("constant_", (3,), (7.0,), {}),
    ("ones_", (3,), (), {}),
    ("zeros_", (3,), (), {}),
    ("trunc_normal_", (50, 3), (), {}),
    ("trunc_normal_", (50, 30), (0.0, 1.0, 1.0, 3.0), {}),
    ("trunc_normal_", (7, 3), (0.5, 2.0, -1.0, 1.0), {}),
    ("trunc_normal_", (500,), (0.0, 1.0, 2.5, 3.0), {}),
    ("trunc_normal_", (50,), (5.0, 1.0, 1.0, 2.0), {}),
    ("eye_", (3, 4), (), {}),
    ("eye_", (3,), (), {}),
    ("dirac_", (4, 6, 3), (), {}),
    ("dirac_", (4, 6, 3, 4), (2,), {}),
    ("dirac_", (6, 2, 3, 4, 5), (3,), {}),
    ("dirac_", (5, 2, 3), (2,), {}),
    ("dirac_", (5, 2), (), {}),
    ("orthogonal_", (4, 4), (), {}),
    ("orthogonal_", (4, 9), (), {}),
    ("orthogonal_", (9, 4), (2.0,), {}),
    ("orthogonal_", (5, 2, 3, 3), (), {}),
    ("orthogonal_", (5,), (), {}),
    ("orthogonal_", (5, 0), (), {}),
    ("sparse_", (10, 5), (0.3,), {}),
    ("sparse_", (10, 5), (0.9, 1.0), {}),
    ("sparse_", (10, 5, 2), (0.3,), {}),
    ("xavier_uniform_", (4, 5), (), {}),
    ("xavier_normal_", (4, 5, 3), (2.0,), {}),
    ("xavier_normal_", (4,), (), {}),
    ("kaiming_uniform_", (4, 5, 2), (), {}),
    ("kaiming_normal_", (4, 5, 2), (0.1, "fan_out", "relu"), {}),
    ("kaiming_normal_", (4, 5), (0.1, "fan", "relu"), {}),
    ("kaiming_uniform_", (0, 5), (), {}),
    ("uniform", (4,), (), {}),
    ("sparse", (10, 5), (0.3,), {}),
    ("orthogonal", (3, 3), (), {}),
]


@pytest.mark.parametrize(("name", "shape", "args", "options"), INITIALISERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_initialisers_draw_the_same_numbers(name, shape, args, options, dtype):
    def program(fw):
        fw.manual_seed(3)
        t = fw.empty(shape, dtype=getattr(fw, dtype), requires_grad=True)
        result = getattr(fw.nn.init, name)(t, *args, **options)
        return result is t, t, fw.rand(1)  # and the generator stands where PyTorch's does

    agree(program)


def test_gains():
    for name in (
        *("linear", "conv1d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"),
        "what",
    ):
        agree(lambda fw, name=name: fw.nn.init.calculate_gain(name))
    for slope in (0.2, 1, True, "x"):
        agree(lambda fw, slope=slope: fw.nn.init.calculate_gain("leaky_relu", slope))


# --- lazy modules ------------------------------------------------------------------------------


def lazy_net(nn):
    return nn.Sequential(
        *(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    )


def test_a_lazy_net_becomes_an_ordinary_one():
    def program(fw):
        fw.manual_seed(0)
        net = lazy_net(fw.nn)
        before = repr(net), list(net.state_dict()), [p.requires_grad for p in net.parameters()]
        parameters = list(net.parameters())
        out = net(fw.randn(2, 3, 6, 6))
        out.sum().backward()
        same = all(p is q for p, q in zip(parameters, net.parameters()))
        return before, repr(net), out, net[0].weight.grad, same, [type(m).__name__ for m in net]

    agree(program)


def test_lazy_nets_load_state_dicts():
    def program(fw):
        fw.manual_seed(0)
        first, second, third = (lazy_net(fw.nn) for _ in range(3))
        x = fw.randn(2, 3, 6, 6)
        first(x)
        empty = third.load_state_dict(second.state_dict())
        found = second.load_state_dict(first.state_dict())
        return str(empty), str(found), second(x), first.eval()(x)

    agree(program)
    agree(lambda fw: lazy_net(fw.nn).load_state_dict({}))
    agree(lambda fw: fw.nn.Linear(2, 3).load_state_dict(fw.nn.LazyLinear(3).state_dict()))


@pytest.mark.parametrize(
    "program",
    [
        lambda fw: fw.nn.LazyLinear(3).weight + 1,
        lambda fw: fw.nn.LazyLinear(3).weight.shape,
        lambda fw: repr(fw.nn.LazyLinear(3).weight),
        lambda fw: fw.nn.LazyConv2d(3, 3)(fw.ones(2, 2)),
        lambda fw: fw.nn.LazyConv2d(4, 3, groups=2)(fw.ones(3, 4, 4)),
        lambda fw: fw.nn.LazyLinear(2).to(fw.float64)(fw.ones(1, 2, dtype=fw.float64)).shape,
        lambda fw: str(fw.nn.LazyLinear(2).double().weight.dtype).split(".")[1],
        lambda fw: str(fw.nn.LazyBatchNorm1d(dtype=fw.float64).running_mean.dtype).split(".")[1],
        lambda fw: pickle.loads(pickle.dumps(fw.nn.LazyLinear(2)))(fw.ones(2, 5)).shape,
        lambda fw: copy.deepcopy(fw.nn.LazyLinear(2))(fw.ones(2, 5)).shape,
        lambda fw: [fw.nn.parameter.is_lazy(p) for p in fw.nn.LazyLinear(2, False).parameters()],
    ],
)
def test_lazy_details(program):
    agree(program)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_lazy_layer(dims):
    def program(fw):
        fw.manual_seed(1)
        found = []
        x = fw.randn((2, 4) + (5,) * dims)
        for kind in ("Conv", "ConvTranspose"):
            for given in (x, x[0]):
                layer = getattr(fw.nn, f"Lazy{kind}{dims}d")(4, 2, groups=2, padding=1)
                found += [layer(given), repr(layer)]
        for kind in ("BatchNorm", "InstanceNorm"):
            layer = getattr(fw.nn, f"Lazy{kind}{dims}d")(eps=1e-3, momentum=0.2)
            found += [list(layer.state_dict()), layer(x), repr(layer), layer.running_mean]
            layer = getattr(fw.nn, f"Lazy{kind}{dims}d")(affine=False, track_running_stats=False)
            found += [layer(x), list(layer.state_dict())]
        return found

    agree(program)


# --- parametrizations --------------------------------------------------------------------------


def trained(fw, layer, x, steps=2):
    """What a parametrized layer gives and learns, in training and evaluation."""
    layer, x = layer.double(), x.double()
    optimizer = fw.optim.SGD(layer.parameters(), lr=0.01)
    found = [repr(layer), list(layer.state_dict())]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (layer(x) ** 2).sum()
        loss.backward()
        found += [loss, [p.grad for p in layer.parameters()]]
        optimizer.step()
    layer.eval()
    return [*found, layer(x), [t.detach() for t in layer.state_dict().values()]]


LAYERS = [
    (lambda nn: nn.Linear(3, 4), (5, 3)),
    (lambda nn: nn.Conv1d(3, 4, 2), (5, 3, 6)),
    (lambda nn: nn.ConvTranspose2d(3, 4, 2), (2, 3, 4, 4)),
]


@pytest.mark.parametrize("form", ["parametrizations.weight_norm", "weight_norm"])
@pytest.mark.parametrize(("make", "shape"), LAYERS)
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(form, make, shape, dim):
    def program(fw):
        fw.manual_seed(0)
        wrap = fw.nn.utils
        for part in form.split("."):
            wrap = getattr(wrap, part)
        layer = wrap(make(fw.nn), "weight", dim)
        return trained(fw, layer, fw.randn(shape))

    agree(program)


@pytest.mark.parametrize("form", ["parametrizations.spectral_norm", "spectral_norm"])
@pytest.mark.parametrize(("make", "shape"), LAYERS)
@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "dim": 1}])
def test_spectral_norm(form, make, shape, options):
    def program(fw):
        fw.manual_seed(0)
        wrap = fw.nn.utils
        for part in form.split("."):
            wrap = getattr(wrap, part)
        return trained(fw, wrap(make(fw.nn), **options), fw.randn(shape))

    agree(program)


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("sizes", [(3, 3), (4, 3), (3, 5)])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal(kind, sizes, trivial):
    def program(fw):
        fw.manual_seed(0)
        layer = fw.nn.utils.parametrizations.orthogonal(
            fw.nn.Linear(*sizes).double(), orthogonal_map=kind, use_trivialization=trivial
        )
        before = layer.weight
        return before, trained(fw, layer, fw.randn(5, sizes[0]), 1)

    agree(program)


def test_parametrized_tensors_are_assigned_removed_and_cached():
    def program(fw):
        nn, utils = fw.nn, fw.nn.utils
        P = utils.parametrize
        fw.manual_seed(0)
        layer = utils.parametrizations.weight_norm(nn.Linear(3, 2))
        layer.weight = fw.ones(2, 3)
        found = [layer.weight, P.is_parametrized(layer), P.is_parametrized(layer, "bias")]
        with P.cached():
            found.append(layer.weight is layer.weight)
        found.append(P.type_before_parametrizations(layer).__name__)
        twin = copy.deepcopy(layer)
        found += [type(twin).__name__, twin.weight]
        P.remove_parametrizations(layer, "weight")
        found += [type(layer).__name__, layer.weight, list(layer.state_dict())]
        found += [layer.weight.is_leaf, P.is_parametrized(layer)]
        other = P.transfer_parametrizations_and_params(twin, nn.Linear(3, 2))
        return [*found, other.weight, repr(other)]

    agree(program)


def parametrization(fw, forward, right_inverse=None):
    members = {"forward": lambda self, *x: forward(*x)}
    if right_inverse is not None:
        members["right_inverse"] = lambda self, x: right_inverse(x)
    return type("Made", (fw.nn.Module,), members)()


def symmetric(x):
    return x.triu() + x.triu(1).mT


@pytest.mark.parametrize(
    "program",
    [
        lambda fw, P, m: P.register_parametrization(m, "nothing", parametrization(fw, symmetric)),
        lambda fw, P, m: P.register_parametrization(
            m, "weight", parametrization(fw, lambda x: x.sum())
        ),
        lambda fw, P, m: P.register_parametrization(
            m, "weight", parametrization(fw, lambda x: x.double())
        ),
        lambda fw, P, m: P.register_parametrization(
            m, "weight", parametrization(fw, lambda x: x.double(), lambda x: x.double())
        ),
        lambda fw, P, m: P.register_parametrization(
            m, "weight", parametrization(fw, lambda x: x, lambda x: 5)
        ),
        lambda fw, P, m: P.register_parametrization(
            m, "weight", parametrization(fw, lambda x, y: x, lambda x: (x, 5))
        ),
        lambda fw, P, m: (
            P.register_parametrization(
                m, "weight", parametrization(fw, lambda x: x.sum()), unsafe=True
            ).weight
        ),
        lambda fw, P, m: (
            P.register_parametrization(
                m, "weight", parametrization(fw, lambda a, b: a + b, lambda x: (x, x * 2))
            ).weight,
            list(m.state_dict()),
            P.remove_parametrizations(m, "weight", leave_parametrized=False),
        ),
        lambda fw, P, m: setattr(
            P.register_parametrization(m, "weight", parametrization(fw, symmetric)),
            *("weight", fw.ones(3, 3)),
        ),
        lambda fw, P, m: (
            P.register_parametrization(m, "weight", parametrization(fw, symmetric)),
            P.register_parametrization(m, "weight", parametrization(fw, lambda x: x * 2)),
            P.register_parametrization(m, "bias", parametrization(fw, lambda x: x * 3)),
            [m.weight, m.bias, list(m.state_dict()), m(fw.ones(2, 3))],
            P.remove_parametrizations(m, "weight", leave_parametrized=False),
            [m.weight, list(m.state_dict()), m(fw.ones(2, 3))],
        )[3::2],
        lambda fw, P, m: P.remove_parametrizations(m, "weight"),
        lambda fw, P, m: pickle.dumps(fw.nn.utils.parametrizations.weight_norm(m)),
        lambda fw, P, m: fw.nn.utils.parametrizations.orthogonal(m, "bias"),
        lambda fw, P, m: fw.nn.utils.parametrizations.orthogonal(m, orthogonal_map="what"),
        lambda fw, P, m: fw.nn.utils.parametrizations.spectral_norm(m, "nothing"),
        lambda fw, P, m: fw.nn.utils.parametrizations.spectral_norm(m, dim=2),
        lambda fw, P, m: fw.nn.utils.parametrizations.spectral_norm(m, n_power_iterations=0),
        lambda fw, P, m: fw.nn.utils.parametrizations.spectral_norm(m, "bias").bias,
        lambda fw, P, m: fw.nn.utils.spectral_norm(fw.nn.utils.spectral_norm(m)),
        lambda fw, P, m: fw.nn.utils.weight_norm(fw.nn.utils.weight_norm(m)),
        lambda fw, P, m: fw.nn.utils.remove_weight_norm(m),
        lambda fw, P, m: fw.nn.utils.remove_spectral_norm(m),
        lambda fw, P, m: fw.nn.utils.remove_weight_norm(fw.nn.utils.weight_norm(m)).weight,
        lambda fw, P, m: list(
            fw.nn.utils.remove_weight_norm(fw.nn.utils.weight_norm(m)).state_dict()
        ),
        lambda fw, P, m: fw.nn.utils.remove_spectral_norm(fw.nn.utils.spectral_norm(m)).weight,
        lambda fw, P, m: str(
            fw.nn.utils.parametrizations.weight_norm(fw.nn.Linear(3, 3)).load_state_dict(
                fw.nn.utils.weight_norm(m).state_dict()
            )
        ),
    ],
)
def test_parametrization_details(program):
    def whole(fw):
        fw.manual_seed(0)
        return program(fw, fw.nn.utils.parametrize, fw.nn.Linear(3, 3))

    agree(whole)


# --- the rest of nn.utils ----------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_fusion(bias, affine):
    def program(fw):
        nn, utils = fw.nn, fw.nn.utils
        fw.manual_seed(0)
        found = []
        for layer, norm, shape, transpose in [
            (nn.Conv2d(2, 3, 2, bias=bias), nn.BatchNorm2d(3, affine=affine), (4, 2, 5, 5), False),
            (nn.ConvTranspose1d(2, 3, 2, bias=bias), nn.BatchNorm1d(3), (4, 2, 5), True),
            (nn.Linear(2, 3, bias=bias), nn.BatchNorm1d(3), (4, 2), False),
        ]:
            x = fw.randn(shape)
            norm(layer(x))
            if norm.affine:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)
            layer.eval(), norm.eval()
            if isinstance(layer, nn.Linear):
                fused = utils.fuse_linear_bn_eval(layer, norm)
            else:
                fused = utils.fuse_conv_bn_eval(layer, norm, transpose)
            found += [fused(x), norm(layer(x)), list(fused.state_dict()), fused.weight]
        return found

    agree(program)
    agree(lambda fw: fw.nn.utils.fuse_conv_bn_eval(fw.nn.Conv1d(1, 1, 1), fw.nn.BatchNorm1d(1)))
    agree(lambda fw: fw.nn.utils.fuse_linear_bn_eval(fw.nn.Linear(1, 2), fw.nn.BatchNorm1d(3)))


def test_skip_init_leaves_the_generator_alone():
    def program(fw):
        fw.manual_seed(0)
        layer = fw.nn.utils.skip_init(fw.nn.Linear, 5, 3, bias=False)
        return repr(layer), layer.weight.requires_grad, fw.rand(2), fw.nn.Linear(2, 2).weight

    agree(program)
    agree(lambda fw: fw.nn.utils.skip_init(fw.nn.ReLU))
    agree(lambda fw: fw.nn.utils.skip_init(dict))


def test_clipping():
    def program(fw):
        fw.manual_seed(0)
        layer, found = fw.nn.Linear(3, 4), []
        for call in (
            lambda u: u.clip_grad_norm_(layer.parameters(), 0.5),
            lambda u: u.clip_grad_norm_(layer.parameters(), 0.1, float("inf")),
            lambda u: u.clip_grad_norm(layer.parameters(), 0.1, 1),
            lambda u: u.clip_grad_value_(layer.parameters(), 0.01),
            lambda u: u.get_total_norm([p.grad for p in layer.parameters()], 3.0),
            lambda u: u.clip_grads_with_norm_(layer.parameters(), 0.3, fw.tensor(2.0)),
        ):
            layer.zero_grad()
            (layer(fw.randn(5, 3)) ** 2).sum().backward()
            found += [call(fw.nn.utils), [p.grad for p in layer.parameters()]]
        return found

    agree(program)
    agree(lambda fw: fw.nn.utils.get_total_norm([fw.tensor([float("nan")])], 2.0, True))


def test_adaptive_softmax():
    def program(fw):
        fw.manual_seed(0)
        layer = fw.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 10], div_value=2.0, head_bias=True)
        x = fw.randn(12, 8, requires_grad=True)
        target = fw.tensor([0, 1, 2, 3, 9, 10, 19, 15, 4, 0, 2, 11])
        out, loss = layer(x, target)
        loss.backward()
        single = layer(x[0].detach(), target[0])
        return (
            *(out, loss, x.grad, [p.grad for p in layer.parameters()], list(layer.state_dict())),
            *(
                layer.log_prob(x),
                layer.predict(x),
                layer.predict(x[:1]),
                single.output,
                repr(layer),
            ),
        )

    agree(program)
    make = "AdaptiveLogSoftmaxWithLoss"
    for cutoffs in ([], [3, 3], [5, 3], [0, 5], [20], [3, 20], [2.5, 7]):
        agree(lambda fw, c=cutoffs: repr(getattr(fw.nn, make)(8, 20, c, div_value=2.0)))
    for x, t in [((3, 8), (3, 1)), ((3, 8), (2,)), ((8,), (1,)), ((2, 8), ()), ((2, 3, 8), (2,))]:
        agree(
            lambda fw, x=x, t=t: getattr(fw.nn, make)(8, 20, [3, 10], 2.0)(
                fw.ones(x), fw.zeros(t, dtype=fw.int64)
            )
        )
    for t in ([-1, 2], [3, 20]):
        agree(lambda fw, t=t: getattr(fw.nn, make)(8, 20, [3], 2.0)(fw.ones(2, 8), fw.tensor(t)))


def test_torch_itself_has_no_names_that_are_missing_here():
    """Every public name of torch.nn and its parts is here, but for those left out on purpose."""
    import minitorch

    left_out = {
        "nn": "Container SyncBatchNorm factory_kwargs CrossMapLRN2d NLLLoss2d",
        "nn.functional": (
            "Callable DType Optional ScalingType SwizzleType Tensor assert_int_or_pair "
            "boolean_dispatch conv_tbc grouped_mm handle_torch_function has_torch_function "
            "has_torch_function_unary has_torch_function_variadic native_channel_shuffle "
            "scaled_grouped_mm scaled_mm"
        ),
        "nn.init": "Callable Literal ParamSpec Tensor TypeVar",
        "nn.utils": "",
        "nn.utils.rnn": "Callable PackedSequence_ Tensor TypeVar bind copy_method_params",
    }
    for path, names in left_out.items():
        theirs, ours = torch, minitorch
        for part in path.split("."):
            theirs, ours = getattr(theirs, part), getattr(ours, part)
        missing = {
            name
            for name in dir(theirs)
            if not name.startswith("_")
            and callable(getattr(theirs, name))
            and not hasattr(ours, name)
        }
        assert missing <= set(names.split()), (path, missing - set(names.split()))
    for part in ("parametrize", "parametrizations"):
        ours = getattr(minitorch.nn.utils, part)
        theirs = getattr(torch.nn.utils, part).__all__
        assert set(ours.__all__) >= set(theirs)


def test_every_layer_is_also_found_in_pytorchs_file_of_it():
    """``torch.nn.modules.dropout.Dropout``, and no class is forgotten when one is added here."""
    import minitorch

    left_out = {"Container", "CrossMapLRN2d", "NLLLoss2d", "SyncBatchNorm"}
    classes = set(torch.nn.modules.__all__) - left_out
    for name in classes:
        file = getattr(torch.nn.modules, name).__module__.split(".")[-1]
        ours = getattr(getattr(minitorch.nn.modules, file), name)
        assert ours is getattr(minitorch.nn, name), (file, name)
    assert set(minitorch.nn.modules.__all__) == classes
    here = {
        name
        for name, kind in vars(minitorch.nn).items()
        if isinstance(kind, type) and issubclass(kind, minitorch.nn.Module)
    }
    assert here - classes == {"DataParallel"}  # of torch.nn.parallel
