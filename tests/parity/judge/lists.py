"""What is judged, how exactly, and which differences are PyTorch's own."""

from __future__ import annotations

import torch


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


OPERATORS: dict[str, list[str]] = {
    "torch": words(
        """
        abs acos acosh add addbmm addcdiv addcmul addmm addmv addr all allclose amax amin aminmax
        angle any arange argmax argmin argsort argwhere as_strided asin asinh atan atan2 atanh
        atleast_1d atleast_2d atleast_3d baddbmm bernoulli bincount bitwise_and
        bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor block_diag bmm
        broadcast_shapes broadcast_tensors broadcast_to bucketize cat cdist ceil cholesky chunk
        clamp clamp_max clamp_min clone column_stack complex conj copysign corrcoef cos cosh
        count_nonzero cov cross cummax cummin cumprod cumsum cumulative_trapezoid deg2rad diag
        diag_embed diagflat diagonal diagonal_scatter diff digamma dist div dot dsplit dstack
        einsum empty empty_like eq equal erf erfc erfinv exp exp2 expm1 eye fill flatten flip
        fliplr flipud float_power floor floor_divide fmax fmin fmod frac full full_like gather ge
        gradient gt heaviside histc histogram hsplit hstack hypot imag index_add index_fill
        index_put index_select inner isclose isfinite isin isinf isnan isneginf isposinf kron
        kthvalue le lerp lgamma linspace log log10 log1p log2 log_softmax logaddexp logaddexp2
        logcumsumexp logdet logical_and logical_not logical_or logical_xor logit logspace
        logsumexp lt masked_fill masked_scatter masked_select matmul matrix_exp max maximum mean
        median meshgrid min minimum mm mode movedim msort mul multinomial mv nan_to_num nanmean
        nanmedian nanquantile nansum narrow ne neg nonzero norm normal ones ones_like outer
        permute pinverse positive pow prod put qr quantile rad2deg randint randint_like randn
        randn_like ravel real reciprocal remainder repeat_interleave reshape roll rot90 round
        rsqrt rsub scalar_tensor scatter scatter_add scatter_reduce searchsorted select
        select_scatter sgn sigmoid sign signbit sin sinc sinh slice_scatter softmax sort split
        split_with_sizes sqrt square squeeze stack std std_mean sub sum svd t take take_along_dim
        tan tanh tensor_split tensordot tile topk trace transpose trapezoid trapz tril
        tril_indices triu triu_indices true_divide trunc unbind unflatten unique
        unique_consecutive unravel_index unsqueeze var var_mean vsplit vstack where xlogy zero_
        zeros zeros_like
    """
    ),
    "Tensor": words(
        """
        H T __getitem__ __radd__ __rand__ __rdiv__ __rmatmul__ __rmod__ __rmul__ __ror__ __rpow__
        __rsub__ __rxor__ bool byte cauchy_ char contiguous double expand expand_as exponential_
        float geometric_ half int item log_normal_ long mH mT new_empty new_full new_ones
        new_zeros normal_ repeat reshape_as short sum_to_size to unfold uniform_ view view_as
    """
    ),
    "linalg": words(
        """
        cholesky cond cross det diagonal inv lstsq matrix_norm matrix_power matrix_rank multi_dot
        norm pinv qr slogdet solve solve_triangular svd svdvals vecdot vector_norm
    """
    ),
    "special": words("entr erfcx log_ndtr ndtr ndtri xlog1py"),
    "nn.functional": words(
        """
        adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool2d adaptive_max_pool3d alpha_dropout avg_pool1d avg_pool2d avg_pool3d
        batch_norm bilinear binary_cross_entropy binary_cross_entropy_with_logits celu
        channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
        cosine_embedding_loss cosine_similarity cross_entropy ctc_loss dropout dropout2d
        dropout3d elu embedding embedding_bag feature_alpha_dropout fractional_max_pool2d
        fractional_max_pool3d gaussian_nll_loss gelu glu grid_sample group_norm hardshrink
        hardsigmoid hardswish hardtanh hinge_embedding_loss huber_loss instance_norm interpolate
        kl_div l1_loss layer_norm leaky_relu linear local_response_norm logsigmoid
        margin_ranking_loss max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d
        max_unpool3d mish mse_loss multi_head_attention_forward multi_margin_loss
        multilabel_margin_loss multilabel_soft_margin_loss nll_loss normalize one_hot pad
        pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6
        rms_norm rrelu scaled_dot_product_attention selu silu smooth_l1_loss soft_margin_loss
        softmin softplus softshrink softsign tanhshrink threshold triplet_margin_loss
        triplet_margin_with_distance_loss unfold upsample_bilinear upsample_nearest
    """
    ),
}

DTYPES = [
    getattr(torch, name)
    for name in (
        words("float64 complex128 float32 complex64 float16 int64 int32 int16 int8 uint8 bool")
    )
]

# Failures of these categories fail an op ...
HARD = {
    "missing": "the name (function, method, module) does not exist",
    "raises": "raised where PyTorch returned",
    "structure": "another kind of result (tuple, list, named fields, Python scalar)",
    "dtype": "another dtype",
    "shape": "another shape",
    "value": "another value",
    "requires_grad": "requires_grad of a result differs",
    "grad": "another first gradient",
    "gradgrad": "another second gradient",
    "noncontiguous": "wrong for non-contiguous inputs",
    "method": "the method form",
    "inplace": "the in-place form",
    "operator": "the Python operator",
    "alias": "an alias of the op (torch.absolute for abs)",
    "memory": "shares memory with an input where PyTorch does not, or the reverse",
    "mutated": "an input was changed",
    "error": "did not raise where PyTorch does",
    "error class": "raised another class of error",
    "timeout": "took too long",
    "harness": "the judge itself failed: look at the message",
}
# ... and of these are only reported.
SOFT = {
    "out": "the out= form",
    "dtype error": "accepts a dtype that PyTorch refuses",
    "probe": "accepts a spoilt sample (wrong shape, dimension, type) that PyTorch refuses",
    "probe class": "refuses it with another class of error",
    "strides": "a view with other strides",
    "format": "no name for a memory format (checked without it, or skipped)",
    "ties": "another index among equal values",
}

# PyTorch's oddities that are not imitated: (op's full name, category) -> reason. An op's name may
# be "*"; a third element, if given, is a regular expression that the message must contain.
_LESS_EXACT = "PyTorch's gradient loses four digits beside a large element; ours is taken in double"
_OVERFLOW = "PyTorch overflows on the way"
_TIES = "the gradient goes to another one of equal elements"
_HALF = "half precision: rounding errors of the same size as PyTorch's, but others"
KNOWN_DIFFERENCES: dict[tuple[str, ...], str] = {
    ("nn.functional.bilinear", "grad", "float16"): _HALF,
    ("nn.functional.conv3d", "grad", "float16"): _HALF,
    ("nn.functional.grid_sample", "grad", "float16"): _HALF,
    ("nn.functional.normalize", "grad", "float16"): _HALF,
    ("nn.functional.scaled_dot_product_attention", "grad", "float16"): _HALF,
    ("nn.functional.instance_norm", "mutated", "float16"): _HALF,
    ("index_reduce.prod", "gradgrad", "None here only|zeros, here None"): (
        "no second gradient, where PyTorch's formula makes one of zeros"
    ),
    **{
        ("as_strided_scatter", kind, "gradient of input 0"): (
            "PyTorch's gradient fails its own gradcheck: not zero where it should be, and back"
        )
        for kind in ("grad", "gradgrad", "noncontiguous")
    },
    ("nn.functional.linear_cross_entropy.chunked", "gradgrad"): "PyTorch has none with options",
    ("scatter_reduce.prod", "gradgrad", "None here only|zeros, here None"): (
        "no second gradient, where PyTorch's formula makes one of zeros"
    ),
    ("addbmm", "inplace", "cannot be written in place"): (
        "PyTorch's addbmm_ enlarges the tensor that it is to write into"
    ),
    ("matrix_exp", "value", "float16.*torch nan"): _OVERFLOW,
    ("matrix_exp", "grad", "float16.*torch nan"): _OVERFLOW,
    ("nn.functional.soft_margin_loss", "value", "float16.*torch inf"): _OVERFLOW,
    ("nn.functional.soft_margin_loss", "grad", "float16.*torch nan"): _OVERFLOW,
    ("logcumsumexp", "grad", "float16|float32|complex64"): _LESS_EXACT,
    ("logcumsumexp", "noncontiguous", "float32"): _LESS_EXACT,
    ("mode", "grad", "float16"): _TIES,
    ("topk", "grad", "float16"): _TIES,
    ("linalg.norm.subgradients_at_zero", "gradgrad", r"torch \(?nan"): "nan in PyTorch; 0 here",
    ("renorm", "grad", r"complex.*torch \(nan"): (
        "PyTorch looks for the largest absolute value, computed twice and differently, in vain"
    ),
}

# Results are random: shapes and dtypes only, where two runs of PyTorch differ.
RANDOM = set(
    words(
        """
    bernoulli cauchy exponential geometric log_normal multinomial normal uniform randn randn_like
    randint randint_like rand_like empty empty_like empty_permuted empty_strided new_empty
    new_empty_strided nn.functional.alpha_dropout nn.functional.dropout nn.functional.dropout2d
    nn.functional.dropout3d nn.functional.feature_alpha_dropout
    nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d
    nn.functional.multi_head_attention_forward nn.functional.rrelu
    nn.functional.scaled_dot_product_attention svd_lowrank pca_lowrank
    """
    )
)
UNINITIALISED = {op for op in RANDOM if "empty" in op}

# PyTorch itself crashes on a spoilt sample.
NO_PROBES = {"nn.functional.embedding_bag"}

# Results are determined up to a phase: compared after the sample's own output_process_fn_grad.
GAUGE = {"svd", "linalg.svd", "linalg.eig", "linalg.eigh", "svd_lowrank", "pca_lowrank"}

# Which of several equal values an index points to is not specified.
TIES = {
    *words("sort argsort topk kthvalue mode median nanmedian"),
    *(f"nn.functional.{k}_pool{d}d" for k in ("max", "adaptive_max") for d in (1, 2, 3)),
}

# (relative, absolute): torch.testing's own, half precision a little wider (one unit in the last
# place). What fails these is still right if it is as close to the exact result as PyTorch is.
TOLERANCE = {
    "float16": (2e-3, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
GRAD_TOLERANCE = {
    "float16": (1e-2, 1e-2),
    "float32": (1e-4, 1e-4),
    "float64": (1e-6, 1e-7),
    "complex64": (1e-4, 1e-4),
    "complex128": (1e-6, 1e-7),
}
TOLERANCE_FACTOR: dict[str, float] = {
    "linalg.pinv.singular": 100.0,
    "matrix_exp": 10.0,
}
