"""Probability distributions: samples, densities, moments.  Mirrors ``torch.distributions``.

Same seeds give PyTorch's samples where its streams are followed (all but a few).  ``rsample`` is
differentiable where `has_rsample` says so.
"""

from minitorch.distributions import constraints, transforms
from minitorch.distributions.categories import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from minitorch.distributions.composed import (
    Independent,
    MixtureSameFamily,
)
from minitorch.distributions.counts import (
    Bernoulli,
    Binomial,
    Geometric,
    NegativeBinomial,
    Poisson,
)
from minitorch.distributions.derived import (
    Gumbel,
    InverseGamma,
    Kumaraswamy,
    LogisticNormal,
    LogNormal,
    Pareto,
    Weibull,
)
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.gammas import Beta, Chi2, Dirichlet, FisherSnedecor, Gamma, StudentT
from minitorch.distributions.kl import kl_divergence, register_kl
from minitorch.distributions.location_scale import (
    Cauchy,
    Exponential,
    HalfCauchy,
    HalfNormal,
    Laplace,
    Normal,
    Uniform,
)
from minitorch.distributions.multivariate_normal import MultivariateNormal
from minitorch.distributions.relaxed import (
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from minitorch.distributions.transformed import (
    TransformedDistribution,
)
from minitorch.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    IndependentTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)
from minitorch.file_names import stand_in

__all__ = [
    "AbsTransform", "AffineTransform", "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy",
    "Chi2", "ComposeTransform", "Dirichlet", "Distribution", "ExpTransform", "Exponential",
    "FisherSnedecor", "Gamma", "Geometric", "Gumbel", "HalfCauchy", "HalfNormal", "Independent",
    "IndependentTransform", "InverseGamma", "Kumaraswamy", "Laplace", "LogNormal",
    "LogisticNormal", "MixtureSameFamily", "Multinomial", "MultivariateNormal",
    "NegativeBinomial", "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough",
    "Pareto", "Poisson", "PowerTransform", "RelaxedBernoulli", "RelaxedOneHotCategorical",
    "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform",
    "StickBreakingTransform", "StudentT", "TanhTransform", "Transform",
    "TransformedDistribution", "Uniform", "Weibull", "constraints", "identity_transform",
    "kl_divergence", "register_kl", "transforms",
]  # fmt: skip

# PyTorch's files, for programs that write ``from torch.distributions.normal import Normal``.
_FILES = {
    "bernoulli": "Bernoulli", "beta": "Beta", "binomial": "Binomial", "categorical": "Categorical",
    "cauchy": "Cauchy", "chi2": "Chi2", "dirichlet": "Dirichlet", "exponential": "Exponential",
    "fishersnedecor": "FisherSnedecor", "gamma": "Gamma", "geometric": "Geometric",
    "gumbel": "Gumbel", "half_cauchy": "HalfCauchy", "half_normal": "HalfNormal",
    "independent": "Independent", "inverse_gamma": "InverseGamma", "kumaraswamy": "Kumaraswamy",
    "laplace": "Laplace", "log_normal": "LogNormal", "logistic_normal": "LogisticNormal",
    "mixture_same_family": "MixtureSameFamily", "multinomial": "Multinomial",
    "negative_binomial": "NegativeBinomial", "normal": "Normal",
    "one_hot_categorical": "OneHotCategorical OneHotCategoricalStraightThrough",
    "pareto": "Pareto", "poisson": "Poisson", "relaxed_bernoulli": "RelaxedBernoulli",
    "relaxed_categorical": "RelaxedOneHotCategorical", "studentT": "StudentT",
    "transformed_distribution": "TransformedDistribution", "uniform": "Uniform",
    "weibull": "Weibull",
}  # fmt: skip
globals().update(
    (file, stand_in(__name__, file, {name: globals()[name] for name in names.split()}))
    for file, names in _FILES.items()
)
