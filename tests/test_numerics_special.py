"""minitorch.numerics: reference values, edge values and laws of the special functions."""

from __future__ import annotations

import re
from math import inf, nan, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.numerics import special as numerics

# Computed with mpmath in 60 digits and more; the arguments are exact in float32 too, but for
# those that float32 cannot hold at all.
REFERENCE = """
erf(7.888609052210118e-31) = 8.901342111874974e-31; erf(0.03125) = 0.035250373867322826
erf(0.40625) = 0.4343869111338239; erf(0.84375) = 0.7672256612323416
erf(-1.25) = -0.9229001282564583; erf(2.5) = 0.999593047982555; erf(-3.75) = -0.9999998862727434
erf(5.5) = 0.9999999999999927
erfc(-3.75) = 1.9999998862727435; erfc(-0.40625) = 1.4343869111338239
erfc(1.1641532182693481e-10) = 0.9999999998686394; erfc(0.46875) = 0.507386526782062
erfc(1.25) = 0.07709987174354177; erfc(4.0625) = 9.178929024808192e-09
erfc(9.125) = 4.2346826791392676e-38; erfc(20.25) = 2.272956417880784e-180
erfc(26.5) = 2.2109076642637343e-307
erfcx(-8.5) = 4.7731635244483685e+31; erfcx(-0.40625) = 1.691772136119283
erfcx(1.1641532182693481e-10) = 0.9999999998686394; erfcx(0.46875) = 0.6320696892495561
erfcx(1.25) = 0.3678229164523611; erfcx(9.125) = 0.061464215416668064
erfcx(100.5) = 0.0056135488378954365; erfcx(8589934592.0) = 6.568031194011637e-11
ndtr(-37.5) = 4.605353009581955e-308; ndtr(-12.25) = 8.399796063633417e-35
ndtr(-5.125) = 1.4876887318776628e-07; ndtr(-0.6875) = 0.24588385038026145
ndtr(1.1641532182693481e-10) = 0.500000000046443; ndtr(0.6875) = 0.7541161496197385
ndtr(3.75) = 0.9999115827147992
log_ndtr(-10000) = -50000010.12927891; log_ndtr(-37.5) = -707.6689893175072
log_ndtr(-5.125) = -15.720871921995858; log_ndtr(-0.6875) = -1.4028960074748311
log_ndtr(0.6875) = -0.2822088782493176; log_ndtr(3.75) = -8.842119423938442e-05
log_ndtr(8.25) = -7.919726314642478e-17; log_ndtr(12.5) = -3.732564298877713e-36
erfinv(7.888609052210118e-31) = 6.991097746438969e-31; erfinv(-0.0625) = -0.05544594877278202
erfinv(0.40625) = 0.37717762043393377; erfinv(-0.75) = -0.8134198475976185
erfinv(0.84765625) = 1.0120831797855947; erfinv(0.8515625) = 1.021820620496099
erfinv(0.998046875) = 2.190099968353768; erfinv(-0.9999999403953552) = -3.832506856900711
ndtri(9.332636185032189e-302) = -37.11101193716479
ndtri(7.888609052210118e-31) = -11.484540434973038; ndtri(0.0009765625) = -3.0972690781987846
ndtri(0.0703125) = -1.4734675779471014; ndtri(0.0791015625) = -1.411140721105206
ndtri(0.25) = -0.6744897501960817; ndtri(0.53125) = 0.0784124127331122
ndtri(0.96875) = 1.8627318674216515; ndtri(0.9999999403953552) = 5.294704084854598
lgamma(7.888609052210118e-31) = 69.31471805599453; lgamma(0.46875) = 0.6362238711098661
lgamma(0.53125) = 0.5133329188478938; lgamma(0.9990234375) = 0.0005644719118551234
lgamma(1.0009765625) = -0.0005629031799912047; lgamma(1.46875) = -0.12146183058765041
lgamma(1.9990234375) = -0.0004125677359714894; lgamma(2.0009765625) = 0.00041318279306425424
lgamma(3.96875) = 1.752644786412453; lgamma(4.03125) = 1.8311513264645525
lgamma(33.5) = 83.30242550295006; lgamma(8589934592.0) = 187895000537.57376
lgamma(-0.46875) = 1.2710186205454101; lgamma(-0.53125) = 1.2687464298533766
lgamma(-2.5) = -0.056243716497674054; lgamma(-33.75) = -86.20518341379946
digamma(1.1641532182693481e-10) = -8589934592.577215; digamma(0.46875) = -2.1264679218625977
digamma(0.53125) = -1.8170480526339812; digamma(1.4609375) = -0.0006724023902428804
digamma(1.4616321325302124) = -1.203605254910667e-08; digamma(1.462890625) = 0.0012170954769772859
digamma(3.96875) = 1.2472088894671063; digamma(4.03125) = 1.2649482806150387
digamma(33.5) = 3.496545816722825; digamma(8589934592.0) = 22.87385695841999
digamma(-0.46875) = 0.3162852806993521; digamma(-0.53125) = -0.24411498068612697
digamma(-2.5625) = 0.49869385049721854; digamma(-33.75) = 0.39212942538433426
i0(0.03125) = 1.0002441555265653; i0(-1.5) = 1.646723189772891; i0(7.96875) = 415.2506333850912
i0(8.03125) = 440.24635575769713; i0(33.5) = 24484897138836.332; i0(80.25) = 3.173222023037357e+33
i0e(0.03125) = 0.9694698781270723; i0e(-1.5) = 0.36743360905415834
i0e(7.96875) = 0.14372295930277978; i0e(8.03125) = 0.14314237275813138
i0e(33.5) = 0.06918837651434294; i0e(1024.5) = 0.012465425254549663
i0e(8589934592.0) = 4.304424923370105e-06
i1(7.888609052210118e-31) = 3.944304526105059e-31; i1(0.03125) = 0.015626907426244604
i1(-1.5) = -0.9816664285779075; i1(7.96875) = 388.24728695222757
i1(-8.03125) = -411.84952414806094; i1(33.5) = 24116638240117.797
i1(80.25) = 3.153388795028303e+33
i1e(7.888609052210118e-31) = 3.944304526105059e-31; i1e(0.03125) = 0.01514611802960146
i1e(-1.5) = -0.21903938742092569; i1e(7.96875) = 0.1343767944847476
i1e(8.03125) = 0.13390938354139925; i1e(-33.5) = -0.06814776624774388
i1e(1024.5) = 0.012459340105667467; i1e(8589934592.0) = 4.304424923119554e-06
entr(7.888609052210118e-31) = 5.467967123079106e-29; entr(0.25) = 0.34657359027997264
entr(0.9990234375) = 0.0009760855075455321; entr(1.5) = -0.6081976621622466
entr(80.25) = -351.9080276513125
sinc(7.888609052210118e-31) = 1.0; sinc(0.03125) = 0.9983943930356184
sinc(0.9990234375) = 0.0009775155730883348; sinc(1.0009765625) = -0.0009756082256286503
sinc(-2.5) = 0.12732395447351627; sinc(33.25) = -0.006769295610203805
logit(7.888609052210118e-31) = -69.31471805599453; logit(0.25) = -1.0986122886681098
logit(0.4990234375) = -0.0039062549670651; logit(0.5009765625) = 0.0039062549670651
logit(0.9990234375) = 6.930494765951626
polygamma(1, 1.1641532182693481e-10) = 7.378697629483821e+19
polygamma(1, 0.46875) = 5.512519363138864; polygamma(1, 0.53125) = 4.452825693423948
polygamma(1, 3.96875) = 0.2863462966724122; polygamma(1, 4.03125) = 0.28134343190188904
polygamma(1, 33.5) = 0.030300712174923455; polygamma(1, 8589934592.0) = 1.1641532183371108e-10
polygamma(1, -0.46875) = 9.003936804535059; polygamma(1, -2.5625) = 9.936376844365327
polygamma(2, 0.53125) = -14.125708000157099; polygamma(2, 7.5) = -0.020305252536644666
polygamma(2, -2.5625) = -12.927053817323335; polygamma(3, -0.46875) = 200.90924171909802
polygamma(5, 1024) = 2.136837459901391e-14; polygamma(10, 3.5) = -4.026693041232995
zeta(1.0009765625, 1) = 1024.5772867695046; zeta(1.5, 0.125) = 25.01730935051015
zeta(2, 1) = 1.6449340668482264; zeta(2, 1048576.0) = 9.536747711537455e-07
zeta(3.5, 33.25) = 6.514546376873584e-05; zeta(10, 0.5) = 1024.017450355758
zeta(30, 1.5) = 5.215096203815732e-06; zeta(60, 24.5) = 4.917567571907928e-84
zeta(3, -2.5625) = 6.463526908661668
gammainc(1.1641532182693481e-10, 0.5) = 0.9999999999348338
gammainc(0.5, 1.1641532182693481e-10) = 1.2174752209043936e-05
gammainc(0.5, 0.25) = 0.5204998778130465; gammainc(1, 1) = 0.6321205588285577
gammainc(2.5, 1.25) = 0.2235049288766773; gammainc(2.5, 4.75) = 0.9092926082959527
gammainc(10, 3) = 0.0011024881301154798; gammainc(31.5, 30.5) = 0.4520431067176564
gammainc(32.5, 31) = 0.4174046995225967; gammainc(100, 72.5) = 0.0012716064971551107
gammainc(100, 25) = 1.229388480587474e-29; gammainc(1000, 1010) = 0.6276789447369947
gammainc(100000, 99500) = 0.05674182321279226
gammaincc(1.1641532182693481e-10, 0.5) = 6.5166223190063e-11
gammaincc(0.03125, 1.0625) = 0.006385104485537381
gammaincc(0.5, 1.1641532182693481e-10) = 0.999987825247791
gammaincc(0.5, 1.25) = 0.11384629800665805; gammaincc(1, 1) = 0.36787944117144233
gammaincc(2.5, 4.75) = 0.09070739170404728; gammaincc(2.5, 40) = 8.391825114831611e-16
gammaincc(31.5, 33.5) = 0.3415622982732162; gammaincc(32.5, 34) = 0.3754445296428036
gammaincc(100, 128.5) = 0.004030190506188102; gammaincc(100, 160) = 1.4420224505352737e-07
gammaincc(1000, 990) = 0.620478621462036; gammaincc(100000, 100500) = 0.057103269976028714
xlogy(2.5, 7.888609052210118e-31) = -173.28679513998634
xlogy(-1.5, 0.9990234375) = 0.0014655594717399192; xlogy(0.25, 33) = 0.8741268903666201
xlog1py(2.5, 7.888609052210118e-31) = 1.9721522630525295e-30
xlog1py(-1.5, -0.9990234375) = 10.39720770839918; xlog1py(0.25, 33) = 0.8815901311540404
"""


@pytest.mark.parametrize("equation", re.split("[;\n] *", REFERENCE.strip()))
def test_reference_value(equation):
    name, arguments, value = re.fullmatch(r"(\w+)\((.*)\) = (.*)", equation).groups()
    function, expected = getattr(numerics, name), float(value)
    *order, argument = (float(a) for a in arguments.split(","))
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 3e-7)):
        x = np.array(argument, dtype)
        if float(x) != argument:
            continue
        if name == "polygamma":
            got = function(int(order[0]), x)
        else:
            got = function(*(np.array(a, dtype) for a in order), x)
        assert got.dtype == dtype
        with np.errstate(over="ignore", under="ignore"):
            rounded = dtype(expected)
        tiny = np.finfo(dtype).smallest_subnormal
        np.testing.assert_allclose(got, rounded, rtol=tolerance, atol=4 * tiny)


EDGES = {
    "erf": {-inf: -1, 0.0: 0.0, inf: 1, 7: 1},
    "erfc": {-inf: 2, 0.0: 1, inf: 0, 30: 0, -30: 2},
    "erfcx": {-inf: inf, -30: inf, 0.0: 1, inf: 0},
    "erfinv": {-1: -inf, 0.0: 0.0, 1: inf, 1.5: nan, -1.5: nan, inf: nan},
    "ndtr": {-inf: 0, 0.0: 0.5, inf: 1, 40: 1},
    "ndtri": {0.0: -inf, 0.5: 0, 1: inf, -0.5: nan, 1.5: nan},
    "log_ndtr": {-inf: -inf, inf: 0},
    "lgamma": {-inf: inf, -3: inf, -1: inf, 0.0: inf, 1: 0, 2: 0, inf: inf},
    "digamma": {-inf: nan, -3: nan, -1: nan, inf: inf},
    "i0": {-inf: inf, 0.0: 1, inf: inf},
    "i0e": {-inf: 0, 0.0: 1, inf: 0},
    "i1": {-inf: -inf, 0.0: 0, inf: inf},
    "i1e": {-inf: 0, 0.0: 0, inf: 0},
    "entr": {-inf: -inf, -1: -inf, 0.0: 0, 1: 0, inf: -inf},
    "sinc": {0.0: 1, 1: 0, -7: 0, inf: nan},
    "logit": {-1: nan, 0.0: -inf, 0.5: 0, 1: inf, 2: nan},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", EDGES)
def test_edge_values(name, dtype):
    edges = {nan: nan, **EDGES[name]}
    got = getattr(numerics, name)(np.array(list(edges), dtype))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, list(edges.values()))


def test_edges_with_a_sign():
    zeros = np.array([0.0, -0.0])
    np.testing.assert_array_equal(numerics.digamma(zeros), [-inf, inf])
    for odd in (numerics.erf, numerics.erfinv, numerics.i1):
        assert np.signbit(odd(zeros)).tolist() == [False, True]
    for infinite in (numerics.ndtri, numerics.logit):
        np.testing.assert_array_equal(infinite(zeros), [-inf, -inf])


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_zero_times_logarithm(name):
    x = np.array([0.0, 0, 0, 0, -0.0, nan, 1, 0])
    y = np.array([0.0, -1, inf, nan, 2, 0, -5, -inf])
    np.testing.assert_array_equal(getattr(numerics, name)(x, y), [0, 0, 0, nan, 0, nan, nan, 0])


def test_edges_of_incomplete_gamma():
    a = np.array([0, 0, 0, 1, 1, inf, inf, inf, -1, 1, nan, 2, 2, 5e-324])
    x = np.array([0, 1, inf, 0, inf, inf, 1, 0, 1, -1, 1, nan, 1e5, 700])
    p = np.array([nan, 1, 1, 0, 1, nan, 0, 0, nan, nan, nan, nan, 1, 1])
    np.testing.assert_array_equal(numerics.gammainc(a, x), p)
    np.testing.assert_array_equal(numerics.gammaincc(a, x), 1 - p)


def test_edges_of_zeta_and_polygamma():
    s = np.array([1, 0.5, 2, 2, 2.5, inf, inf, inf, nan, 2, 2])
    q = np.array([3, 3, 0, -2, -1.5, 0.5, 1, 2, 1, nan, -inf])
    expected = [inf, nan, inf, inf, nan, inf, 1, 0, nan, nan, inf]
    np.testing.assert_array_equal(numerics.zeta(s, q), expected)
    x = np.array([0.0, -1, inf, nan])
    np.testing.assert_array_equal(numerics.polygamma(0, x[1:]), [nan, inf, nan])
    np.testing.assert_array_equal(numerics.polygamma(1, x), [inf, inf, 0, nan])
    np.testing.assert_array_equal(numerics.polygamma(2, x), [-inf, -inf, 0, nan])
    with pytest.raises(ValueError, match="must not be negative"):
        numerics.polygamma(-1, x)


def test_logit_clamps():
    got = numerics.logit(np.array([-3.0, 0.0, 0.25, 1.0, nan]), eps=0.125)
    np.testing.assert_allclose(got, np.log([1 / 7, 1 / 7, 1 / 3, 7, nan]), rtol=1e-15)


# ------------------------------------------------------------------------------------------ laws

ONE_ARGUMENT = sorted(EDGES)
TWO_ARGUMENTS = ["gammainc", "gammaincc", "xlog1py", "xlogy", "zeta"]


def arguments(name, shape, dtype=np.float64):
    """Random arguments inside the function's domain, from several of its regions."""
    rng = np.random.default_rng(0)
    if name in ("erfinv", "logit", "ndtri"):
        return [rng.uniform(0.01, 0.99, shape).astype(dtype)]
    count = 2 if name in TWO_ARGUMENTS else 1
    return [rng.gamma(1.0, 4.0, shape).astype(dtype) + (2 - i) for i in range(count)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", ONE_ARGUMENT + TWO_ARGUMENTS)
def test_arrays_in_and_out(name, dtype):
    function, args = getattr(numerics, name), arguments(name, (5, 6), dtype)
    before = [a.copy() for a in args]
    for a in args:
        a.flags.writeable = False
    whole = function(*args)
    assert isinstance(whole, np.ndarray)
    assert (whole.shape, whole.dtype) == ((5, 6), dtype)
    np.testing.assert_array_equal(args, before)
    assert not any(np.shares_memory(whole, a) for a in args)
    np.testing.assert_array_equal(function(*(a.T for a in args)), whole.T)
    np.testing.assert_array_equal(function(*(a[::2, ::-3] for a in args)), whole[::2, ::-3])
    scalar = function(*(a[2, 3] for a in args))
    assert isinstance(scalar, np.ndarray)
    assert (scalar.shape, scalar) == ((), whole[2, 3])
    assert function(*(a[:0] for a in args)).shape == (0, 6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ONE_ARGUMENT + TWO_ARGUMENTS)
def test_tiles_leave_no_seam(name, dtype):
    function, args = getattr(numerics, name), arguments(name, 40_001, dtype)
    whole = function(*args)
    parts = [function(*(a[i : i + 7_000] for a in args)) for i in range(0, 40_001, 7_000)]
    np.testing.assert_allclose(whole, np.concatenate(parts), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_broadcasting(name):
    function, (a, b) = getattr(numerics, name), arguments(name, 3)
    for size in (1, 2, 30_000):
        table = function(a[:, None], np.resize(b, size))
        assert table.shape == (3, size)
        np.testing.assert_allclose(table[1, -1], function(a[1], b[(size - 1) % 3]), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("erf", -5, 5),
        ("ndtr", -30, 7),
        ("log_ndtr", -100, 7),
        ("erfinv", -1, 1),
        ("ndtri", 0, 1),
        ("lgamma", 1.5, 100),
        ("digamma", 0.001, 100),
        ("i0", 0, 700),
        ("i1", -700, 700),
        ("logit", 0, 1),
    ],
)
def test_increasing(name, low, high):
    x = np.linspace(low, high, 10_001)
    for dtype in (np.float64, np.float32):
        y = getattr(numerics, name)(x.astype(dtype))
        y = y[np.isfinite(y)].astype(np.float64)
        slack = 4 * np.finfo(dtype).eps * np.abs(y[1:])
        assert (np.diff(y) >= -slack).all()


def numbers(low, high):
    return st.floats(low, high).map(np.array)


@given(numbers(-26, 26))
def test_error_functions(x):
    assert numerics.erf(-x) == -numerics.erf(x)
    assert abs(numerics.erf(x)) <= 1
    np.testing.assert_allclose(numerics.erf(x) + numerics.erfc(x), 1, rtol=1e-15)
    np.testing.assert_allclose(numerics.erfc(x) + numerics.erfc(-x), 2, rtol=1e-15)
    np.testing.assert_allclose(numerics.ndtr(x * sqrt(2)), 0.5 * numerics.erfc(-x), rtol=1e-12)
    np.testing.assert_allclose(
        numerics.erfc(x), numerics.erfcx(x) * np.exp(-x * x), rtol=1e-12, atol=1e-307
    )
    np.testing.assert_allclose(
        np.exp(numerics.log_ndtr(x)), numerics.ndtr(x), rtol=1e-12, atol=1e-307
    )


@given(st.floats(1e-300, 1).map(np.array))
def test_quantiles_invert(p):
    np.testing.assert_allclose(numerics.ndtr(numerics.ndtri(p)), p, rtol=1e-12)
    np.testing.assert_allclose(numerics.erf(numerics.erfinv(p)), p, rtol=1e-15)
    assert numerics.erfinv(-p) == -numerics.erfinv(p)


@given(numbers(1e-3, 1e6))
def test_gamma_recurrences(x):
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(numerics.lgamma(x + 1), numerics.lgamma(x) + np.log(x), **close)
    np.testing.assert_allclose(numerics.digamma(x + 1), numerics.digamma(x) + 1 / x, **close)
    for n in (1, 2, 3):
        one = numerics.polygamma(n, x) - (-1.0) ** (n + 1) * [1, 1, 2, 6][n] / x ** (n + 1)
        size = np.abs(numerics.polygamma(n, x))
        np.testing.assert_allclose(numerics.polygamma(n, x + 1), one, rtol=1e-12, atol=1e-12 * size)


@given(st.floats(-20, -0.01).map(np.array))
def test_gamma_reflections(x):
    distance = abs(float(x) - round(float(x)))
    if distance < 1e-3:
        return
    angle = pi * (x - np.rint(x))
    np.testing.assert_allclose(
        numerics.lgamma(x) + numerics.lgamma(1 - x), np.log(pi / abs(np.sin(angle))), atol=1e-12
    )
    np.testing.assert_allclose(
        numerics.digamma(1 - x) - numerics.digamma(x), pi / np.tan(angle), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        numerics.polygamma(1, 1 - x) + numerics.polygamma(1, x),
        (pi / np.sin(angle)) ** 2,
        rtol=1e-12,
    )


@given(numbers(1.001, 60), numbers(0.01, 1e4))
def test_zeta_recurrence(s, q):
    np.testing.assert_allclose(numerics.zeta(s, q), numerics.zeta(s, q + 1) + q**-s, rtol=1e-11)


@given(numbers(0.001, 300), numbers(0.001, 600))
def test_incomplete_gamma(a, x):
    p, q = numerics.gammainc(a, x), numerics.gammaincc(a, x)
    np.testing.assert_allclose(p + q, 1, rtol=1e-15)
    step = np.exp(a * np.log(x) - x - numerics.lgamma(a + 1))
    np.testing.assert_allclose(numerics.gammainc(a + 1, x), p - step, rtol=1e-11, atol=1e-13)


@given(numbers(-700, 700))
def test_bessel(x):
    for order, plain, scaled in ((0, numerics.i0, numerics.i0e), (1, numerics.i1, numerics.i1e)):
        assert plain(-x) == (-1) ** order * plain(x)
        np.testing.assert_allclose(scaled(x) * np.exp(np.abs(x)), plain(x), rtol=1e-14)
    assert numerics.i0(x) >= abs(numerics.i1(x))
