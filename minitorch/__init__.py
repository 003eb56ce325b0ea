"""minitorch: a deep-learning framework in pure Python on NumPy, with PyTorch's names."""

import importlib
import os
from typing import TYPE_CHECKING, Any

from minitorch import autograd, einops_backend, linalg, return_types, special
from minitorch.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from minitorch.devices import device
from minitorch.dtypes import (
    bfloat16,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)  # fmt: skip
from minitorch.dtypes import (
    bool_ as bool,
)
from minitorch.dtypes import (
    float_ as float,
)
from minitorch.dtypes import (
    int_ as int,
)
from minitorch.engine.modes import is_anomaly_enabled, is_inference_mode_enabled
from minitorch.layouts import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    jagged,
    layout,
    memory_format,
    preserve_format,
    strided,
)  # fmt: skip
from minitorch.memory import collect_less_often, keep_freed_memory, silence_numpy
from minitorch.ops.activations import celu, logit, selu, sigmoid
from minitorch.ops.arithmetic import (
    add,
    addcdiv,
    addcmul,
    div,
    divide,
    gcd,
    lcm,
    lerp,
    mul,
    multiply,
    neg,
    negative,
    positive,
    rsub,
    sub,
    subtract,
    true_divide,
)  # fmt: skip
from minitorch.ops.average_pooling import avg_pool1d
from minitorch.ops.bounds import clamp, clamp_max, clamp_min, clip, fmax, fmin, maximum, minimum
from minitorch.ops.broadcasting import broadcast_shapes, broadcast_tensors, broadcast_to
from minitorch.ops.comparison import (
    allclose,
    eq,
    equal,
    ge,
    greater,
    greater_equal,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    le,
    less,
    less_equal,
    lt,
    ne,
    not_equal,
)  # fmt: skip
from minitorch.ops.complex_numbers import (
    angle,
    complex,
    conj,
    conj_physical,
    imag,
    is_conj,
    is_neg,
    isreal,
    polar,
    real,
    resolve_conj,
    resolve_neg,
    view_as_complex,
    view_as_real,
)  # fmt: skip
from minitorch.ops.convolution import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)  # fmt: skip
from minitorch.ops.copying import clone
from minitorch.ops.counting import bincount, histc, histogram
from minitorch.ops.creation import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_numpy,
    frombuffer,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    scalar_tensor,
    tensor,
    tril_indices,
    triu_indices,
    zeros,
    zeros_like,
)  # fmt: skip
from minitorch.ops.diagonals import diag, diag_embed, diagflat, diagonal, trace, tril, triu
from minitorch.ops.differences import cumulative_trapezoid, diff, gradient, trapezoid, trapz
from minitorch.ops.distances import cosine_similarity, pairwise_distance, pdist
from minitorch.ops.dropout import dropout
from minitorch.ops.einsum import einsum, tensordot
from minitorch.ops.exponential import (
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    xlogy,
)  # fmt: skip
from minitorch.ops.extremes import amax, amin, aminmax, argmax, argmin, max, min
from minitorch.ops.filling import fill, fill_, zero_
from minitorch.ops.gathering import (
    gather,
    index_add,
    index_copy,
    index_fill,
    index_select,
    take_along_dim,
)  # fmt: skip
from minitorch.ops.indexing import index_put, index_put_
from minitorch.ops.joining import (
    block_diag,
    cartesian_prod,
    cat,
    column_stack,
    concat,
    concatenate,
    dstack,
    hstack,
    meshgrid,
    row_stack,
    stack,
    vstack,
)  # fmt: skip
from minitorch.ops.layer_activations import celu_, selu_, threshold_
from minitorch.ops.logic import (
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)  # fmt: skip
from minitorch.ops.masking import (
    argwhere,
    masked_scatter,
    masked_select,
    nonzero,
    put,
    take,
    unravel_index,
)  # fmt: skip
from minitorch.ops.matrices import (
    chain_matmul,
    cholesky,
    cholesky_inverse,
    cholesky_solve,
    cross,
    det,
    inverse,
    logdet,
    lu,
    lu_solve,
    lu_unpack,
    matrix_exp,
    matrix_power,
    orgqr,
    pinverse,
    qr,
    slogdet,
    svd,
    triangular_solve,
    vander,
)  # fmt: skip
from minitorch.ops.normalization import group_norm, layer_norm, rms_norm
from minitorch.ops.norms import cdist, dist, norm, renorm
from minitorch.ops.placing import (
    as_strided_scatter,
    diagonal_scatter,
    select_scatter,
    slice_scatter,
)  # fmt: skip
from minitorch.ops.pooling import max_pool1d, max_pool2d, max_pool3d
from minitorch.ops.powers import float_power, hypot, ldexp, pow, reciprocal, rsqrt, sqrt, square
from minitorch.ops.products import (
    addbmm,
    addmm,
    addmv,
    addr,
    baddbmm,
    bmm,
    dot,
    ger,
    inner,
    kron,
    matmul,
    mm,
    mv,
    outer,
    vdot,
)  # fmt: skip
from minitorch.ops.quantiles import nanquantile, quantile
from minitorch.ops.queries import (
    e,
    from_dlpack,
    inf,
    is_complex,
    is_floating_point,
    is_nonzero,
    is_signed,
    is_tensor,
    nan,
    newaxis,
    numel,
    pi,
    result_type,
)  # fmt: skip
from minitorch.ops.random import (
    Generator,
    bernoulli,
    binomial,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)  # fmt: skip
from minitorch.ops.random_activations import rrelu_
from minitorch.ops.rectifiers import hardshrink, prelu, relu, threshold
from minitorch.ops.reductions import (
    all,
    any,
    count_nonzero,
    logsumexp,
    mean,
    nanmean,
    nansum,
    prod,
    sum,
)  # fmt: skip
from minitorch.ops.repeating import (
    combinations,
    flip,
    fliplr,
    flipud,
    repeat_interleave,
    roll,
    rot90,
    tile,
)  # fmt: skip
from minitorch.ops.rounding import (
    ceil,
    fix,
    floor,
    floor_divide,
    fmod,
    frac,
    remainder,
    round,
    trunc,
)  # fmt: skip
from minitorch.ops.scans import cummax, cummin, cumprod, cumsum, logcumsumexp
from minitorch.ops.scattering import index_reduce, scatter, scatter_add, scatter_reduce
from minitorch.ops.searching import bucketize, isin, searchsorted, unique, unique_consecutive
from minitorch.ops.selecting import (
    chunk,
    dsplit,
    hsplit,
    narrow,
    narrow_copy,
    select,
    split,
    split_with_sizes,
    tensor_split,
    unbind,
    vsplit,
)  # fmt: skip
from minitorch.ops.shapes import (
    adjoint,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    flatten,
    moveaxis,
    movedim,
    permute,
    ravel,
    reshape,
    squeeze,
    swapaxes,
    swapdims,
    t,
    transpose,
    unflatten,
    unsqueeze,
)  # fmt: skip
from minitorch.ops.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle
from minitorch.ops.signs import abs, absolute, copysign, heaviside, nextafter, sgn, sign, signbit
from minitorch.ops.softmax import log_softmax, softmax
from minitorch.ops.sorting import argsort, kthvalue, median, mode, msort, nanmedian, sort, topk
from minitorch.ops.sparse import sparse_coo_tensor, spmm
from minitorch.ops.special_functions import (
    digamma,
    erf,
    erfc,
    erfinv,
    i0,
    igamma,
    igammac,
    lgamma,
    mvlgamma,
    polygamma,
)  # fmt: skip
from minitorch.ops.statistics import corrcoef, cov, std, std_mean, var, var_mean
from minitorch.ops.storage import resize_as_
from minitorch.ops.strided import as_strided
from minitorch.ops.trigonometry import (
    acos,
    acosh,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    deg2rad,
    rad2deg,
    sin,
    sinc,
    sinh,
    tan,
    tanh,
)  # fmt: skip
from minitorch.ops.uneven_pooling import adaptive_avg_pool1d
from minitorch.ops.where import masked_fill, nan_to_num, where
from minitorch.printing import get_printoptions, printoptions, set_printoptions
from minitorch.settings import (
    are_deterministic_algorithms_enabled,
    get_default_device,
    get_deterministic_debug_mode,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    is_deterministic_algorithms_warn_only_enabled,
    is_storage,
    is_warn_always_enabled,
    set_default_device,
    set_default_tensor_type,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_num_threads,
    set_warn_always,
    typename,
    use_deterministic_algorithms,
)  # fmt: skip
from minitorch.size import Size
from minitorch.tensor import Tensor
from minitorch.tensor.in_place_functions import (
    abs_,
    acos_,
    acosh_,
    addmv_,
    arccos_,
    arccosh_,
    arcsin_,
    arcsinh_,
    arctan_,
    arctanh_,
    as_strided_,
    asin_,
    asinh_,
    atan_,
    atanh_,
    ceil_,
    clamp_,
    clamp_max_,
    clamp_min_,
    clip_,
    conj_physical_,
    cos_,
    cosh_,
    deg2rad_,
    detach,
    detach_,
    erf_,
    erfc_,
    exp2_,
    exp_,
    expm1_,
    fix_,
    floor_,
    frac_,
    gcd_,
    i0_,
    lcm_,
    ldexp_,
    log1p_,
    log2_,
    log10_,
    log_,
    logit_,
    nan_to_num_,
    neg_,
    negative_,
    rad2deg_,
    reciprocal_,
    relu_,
    round_,
    rsqrt_,
    sigmoid_,
    sin_,
    sinc_,
    sinh_,
    sqrt_,
    square_,
    tan_,
    tanh_,
    trunc_,
    xlogy_,
)  # fmt: skip
from minitorch.tensor.typed import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)  # fmt: skip

if TYPE_CHECKING:
    from minitorch import (
        accelerator,
        amp,
        backends,
        compiler,
        cpu,
        cuda,
        distributed,
        distributions,
        fft,
        func,
        futures,
        hub,
        jit,
        mps,
        multiprocessing,
        nested,
        nn,
        onnx,
        optim,
        profiler,
        random,
        serialization,
        sparse,
        utils,
        version,
        xpu,
    )
    from minitorch.amp import (
        GradScaler,
        autocast,
        clear_autocast_cache,
        get_autocast_dtype,
        is_autocast_cache_enabled,
        is_autocast_enabled,
    )
    from minitorch.compiler import compile
    from minitorch.func import vmap
    from minitorch.serialization import load, save
    from minitorch.strict_mode import strict

# Each is imported when it is first asked for: most programs need a few of them.
_MODULES = {
    "_dynamo", "accelerator", "amp", "backends", "compiler", "cpu", "cuda", "distributed",
    "distributions", "fft", "func", "futures", "hub", "jit", "mps", "multiprocessing", "nested",
    "nn", "onnx", "optim", "profiler", "random", "serialization", "sparse", "testing", "utils",
    "version", "xpu",
}  # fmt: skip
_HOME = {
    "_assert": "errors", "GradScaler": "amp", "autocast": "amp", "clear_autocast_cache": "amp",
    "compile": "compiler", "get_autocast_dtype": "amp", "is_autocast_cache_enabled": "amp",
    "is_autocast_enabled": "amp", "load": "serialization", "save": "serialization",
    "strict": "strict_mode", "vmap": "func",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"minitorch.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"minitorch.{_HOME[name]}"), name)
    if name.startswith("__"):
        raise AttributeError(f"module 'minitorch' has no attribute {name!r}")
    raise AttributeError(importlib.import_module("minitorch.absent").message(f"torch.{name}"))


__version__ = "0.1.0"

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator",
    "GradScaler", "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Size", "Tensor",
    "abs", "abs_", "absolute", "accelerator", "acos", "acos_", "acosh", "acosh_",
    "adaptive_avg_pool1d", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addmv_",
    "addr", "adjoint", "all", "allclose", "amax", "amin", "aminmax", "amp", "angle", "any",
    "arange", "arccos", "arccos_", "arccosh", "arccosh_", "arcsin", "arcsin_", "arcsinh",
    "arcsinh_", "arctan", "arctan2", "arctan_", "arctanh", "arctanh_",
    "are_deterministic_algorithms_enabled", "argmax", "argmin", "argsort", "argwhere",
    "as_strided", "as_strided_", "as_strided_scatter", "as_tensor", "asarray", "asin", "asin_",
    "asinh", "asinh_", "atan", "atan2", "atan_", "atanh", "atanh_", "atleast_1d", "atleast_2d",
    "atleast_3d", "autocast", "autograd", "avg_pool1d", "backends", "baddbmm", "bernoulli",
    "bfloat16", "bincount", "binomial", "bitwise_and", "bitwise_left_shift", "bitwise_not",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "block_diag", "bmm", "bool",
    "broadcast_shapes", "broadcast_tensors", "broadcast_to", "bucketize", "can_cast",
    "cartesian_prod", "cat", "cdist", "cdouble", "ceil", "ceil_", "celu", "celu_", "cfloat",
    "chain_matmul", "channel_shuffle", "channels_last", "channels_last_3d", "cholesky",
    "cholesky_inverse", "cholesky_solve", "chunk", "clamp", "clamp_", "clamp_max", "clamp_max_",
    "clamp_min", "clamp_min_", "clear_autocast_cache", "clip", "clip_", "clone", "column_stack",
    "combinations", "compile", "compiler", "complex", "complex128", "complex64", "concat",
    "concatenate", "conj", "conj_physical", "conj_physical_", "contiguous_format", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "copysign",
    "corrcoef", "cos", "cos_", "cosh", "cosh_", "cosine_similarity", "count_nonzero", "cov",
    "cpu", "cross", "cuda", "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid",
    "default_generator", "deg2rad", "deg2rad_", "det", "detach", "detach_", "device", "diag",
    "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "diff", "digamma", "dist",
    "distributed", "distributions", "div", "divide", "dot", "double", "dropout", "dsplit",
    "dstack", "dtype", "e", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal",
    "erf", "erf_", "erfc", "erfc_", "erfinv", "exp", "exp2", "exp2_", "exp_", "expm1", "expm1_",
    "eye", "fft", "fill", "fill_", "finfo", "fix", "fix_", "flatten", "flip", "fliplr",
    "flipud", "float", "float16", "float32", "float64", "float_power", "floor", "floor_",
    "floor_divide", "fmax", "fmin", "fmod", "frac", "frac_", "from_dlpack", "from_numpy",
    "frombuffer", "full", "full_like", "func", "futures", "gather", "gcd", "gcd_", "ge", "ger",
    "get_autocast_dtype", "get_default_device", "get_default_dtype",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads",
    "get_num_threads", "get_printoptions", "get_rng_state", "gradient", "greater",
    "greater_equal", "group_norm", "gt", "half", "hardshrink", "heaviside", "histc",
    "histogram", "hsplit", "hstack", "hub", "hypot", "i0", "i0_", "igamma", "igammac", "iinfo",
    "imag", "index_add", "index_copy", "index_fill", "index_put", "index_put_", "index_reduce",
    "index_select", "inf", "inference_mode", "initial_seed", "inner", "int", "int16", "int32",
    "int64", "int8", "inverse", "is_anomaly_enabled", "is_autocast_cache_enabled",
    "is_autocast_enabled", "is_complex", "is_conj",
    "is_deterministic_algorithms_warn_only_enabled", "is_floating_point", "is_grad_enabled",
    "is_inference_mode_enabled", "is_neg", "is_nonzero", "is_signed", "is_storage", "is_tensor",
    "is_warn_always_enabled", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "jagged", "jit", "kron", "kthvalue", "layer_norm", "layout", "lcm",
    "lcm_", "ldexp", "ldexp_", "le", "lerp", "less", "less_equal", "lgamma", "linalg",
    "linspace", "load", "log", "log10", "log10_", "log1p", "log1p_", "log2", "log2_", "log_",
    "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "logit_", "logspace", "logsumexp",
    "long", "lt", "lu", "lu_solve", "lu_unpack", "manual_seed", "masked_fill", "masked_scatter",
    "masked_select", "matmul", "matrix_exp", "matrix_power", "max", "max_pool1d", "max_pool2d",
    "max_pool3d", "maximum", "mean", "median", "memory_format", "meshgrid", "min", "minimum",
    "mm", "mode", "moveaxis", "movedim", "mps", "msort", "mul", "multinomial", "multiply",
    "multiprocessing", "mv", "mvlgamma", "nan", "nan_to_num", "nan_to_num_", "nanmean",
    "nanmedian", "nanquantile", "nansum", "narrow", "narrow_copy", "ne", "neg", "neg_",
    "negative", "negative_", "nested", "newaxis", "nextafter", "nn", "no_grad", "nonzero",
    "norm", "normal", "not_equal", "numel", "ones", "ones_like", "onnx", "optim", "orgqr",
    "outer", "pairwise_distance", "pdist", "permute", "pi", "pinverse", "pixel_shuffle",
    "pixel_unshuffle", "poisson", "polar", "polygamma", "positive", "pow", "prelu",
    "preserve_format", "printoptions", "prod", "profiler", "promote_types", "put", "qr",
    "quantile", "rad2deg", "rad2deg_", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "random", "randperm", "ravel", "real", "reciprocal", "reciprocal_", "relu",
    "relu_", "remainder", "renorm", "repeat_interleave", "reshape", "resize_as_",
    "resolve_conj", "resolve_neg", "result_type", "return_types", "rms_norm", "roll", "rot90",
    "round", "round_", "row_stack", "rrelu_", "rsqrt", "rsqrt_", "rsub", "save",
    "scalar_tensor", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "seed",
    "select", "select_scatter", "selu", "selu_", "serialization", "set_default_device",
    "set_default_dtype", "set_default_tensor_type", "set_deterministic_debug_mode",
    "set_float32_matmul_precision", "set_flush_denormal", "set_grad_enabled",
    "set_num_interop_threads", "set_num_threads", "set_printoptions", "set_rng_state",
    "set_warn_always", "sgn", "short", "sigmoid", "sigmoid_", "sign", "signbit", "sin", "sin_",
    "sinc", "sinc_", "sinh", "sinh_", "slice_scatter", "slogdet", "softmax", "sort", "sparse",
    "sparse_coo_tensor", "special", "split", "split_with_sizes", "spmm", "sqrt", "sqrt_",
    "square", "square_", "squeeze", "stack", "std", "std_mean", "strict", "strided", "sub",
    "subtract", "sum", "svd", "swapaxes", "swapdims", "t", "take", "take_along_dim", "tan",
    "tan_", "tanh", "tanh_", "tensor", "tensor_split", "tensordot", "threshold", "threshold_",
    "tile", "topk", "trace", "transpose", "trapezoid", "trapz", "triangular_solve", "tril",
    "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "trunc_", "typename",
    "uint8", "unbind", "unflatten", "unique", "unique_consecutive", "unravel_index",
    "unsqueeze", "use_deterministic_algorithms", "utils", "vander", "var", "var_mean", "vdot",
    "version", "view_as_complex", "view_as_real", "vmap", "vsplit", "vstack", "where", "xlogy",
    "xlogy_", "xpu", "zero_", "zeros", "zeros_like",
]  # fmt: skip

keep_freed_memory()
collect_less_often()
silence_numpy()
einops_backend.install()
if os.environ.get("MINITORCH_STRICT", "0") != "0":
    importlib.import_module("minitorch.strict_mode").everywhere()
