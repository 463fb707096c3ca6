"""Inverse distribution functions of fixed consumption: a draw costs the same number of uniforms at all parameters.

So a draw moves smoothly with its parameters and never shifts a later draw. Scalar float64 functions compiled by
Numba; exp, log and sqrt are the only functions taken from outside. Counts by the million take their gamma quantiles
from a table (`gamma_table`).
"""

import math
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

_CENTRAL = (
    (3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_TAIL = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip
_HALF_LOG_2PI = 0.9189385332046727
LN2 = 0.6931471805599453


@njit(cache=True)
def exp2(x: float) -> float:
    """2 to the power `x`."""
    return math.exp(x * LN2)


@njit(cache=True)
def log2(x: float) -> float:
    """Logarithm to base 2 of `x` > 0."""
    return math.log(x) / LN2


@njit(cache=True)
def softplus(x: float) -> float:
    """log(1 + e^x), without overflow."""
    return max(x, 0.0) + math.log(1 + math.exp(-abs(x)))


@njit(cache=True)
def _ratio(table: tuple[tuple[float, ...], tuple[float, ...]], x: float) -> float:
    top, bottom = 0.0, 0.0
    for i in range(7, -1, -1):
        top = top * x + table[0][i]
        bottom = bottom * x + table[1][i]
    return top / bottom


@njit(cache=True)
def normal_quantile(u: float) -> float:
    """Standard normal quantile of `u` in (0, 1), relative error below 1e-15 (Wichura 1988, AS 241)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(_CENTRAL, 0.180625 - q * q)
    r = math.sqrt(-math.log(u if q < 0 else 1 - u))
    z = _ratio(_MIDDLE, r - 1.6) if r <= 5 else _ratio(_TAIL, r - 5)
    return -z if q < 0 else z


@njit(cache=True)
def log_gamma(x: float) -> float:
    """Natural log of the gamma function of `x` > 0: Stirling's series after shifting the argument above 10."""
    shift = 1.0
    while x < 10:
        shift *= x
        x += 1
    y = 1 / (x * x)
    series = (1 / 12 + y * (-1 / 360 + y * (1 / 1260 + y * (-1 / 1680 + y * (1 / 1188 - y * 691 / 360360))))) / x
    return (x - 0.5) * math.log(x) - x + _HALF_LOG_2PI + series - math.log(shift)


@njit(cache=True)
def gamma_cdf(shape: float, x: float) -> tuple[float, float]:
    """Regularised incomplete gamma functions P(shape, x) and Q = 1 - P, each accurate in its own tail.

    Power series below x = shape + 1, continued fraction (modified Lentz) above; cost grows as sqrt(shape).
    """
    if x <= 0:
        return 0.0, 1.0
    scale = math.exp(shape * math.log(x) - x - log_gamma(shape))
    if x < shape + 1:
        term = 1 / shape
        total = term
        a = shape
        while term > total * 1e-17:
            a += 1
            term *= x / a
            total += term
        p = min(total * scale, 1.0)
        return p, 1 - p
    b = x + 1 - shape
    c = 1e300
    d = 1 / b
    h = d
    for i in range(1, 100000):
        an = i * (shape - i)
        b += 2
        d = 1 / (an * d + b)
        c = b + an / c
        h *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    q = min(h * scale, 1.0)
    return 1 - q, q


@njit(cache=True)
def gamma_quantile(u: float, shape: float) -> float:
    """Quantile of the gamma law of `shape` > 0 and scale 1 at `u` in (0, 1), relative error about 1e-12."""
    return _gamma_quantile(normal_quantile(u), u, 1 - u, shape)  # type: ignore[no-any-return]


@njit(cache=True)
def _gamma_quantile(z: float, lower: float, upper: float, shape: float) -> float:
    """Quantile by its normal deviate and both of its tails.

    Wilson and Hilferty's start (or the power law of the lower tail), then Halley steps.
    """
    t = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    norm = log_gamma(shape)
    low = math.exp((math.log(lower) + norm + math.log(shape)) / shape)
    x = shape * t * t * t if t > 0.3 and shape > 0.5 else low
    for _ in range(60):
        if x <= 0:
            return 0.0  # below the smallest float64
        p, q = gamma_cdf(shape, x)
        error = p - lower if lower < 0.5 else upper - q
        step = error / math.exp((shape - 1) * math.log(x) - x - norm)
        step /= 1 - 0.5 * max(-1.0, min(1.0, step * ((shape - 1) / x - 1)))
        step = min(max(step, -3 * x), 0.75 * x)
        x -= step
        if abs(step) < 1e-5 * x:  # the step is cubic: the next one would be below rounding
            break
    return x


_LEAST_SHAPE, _MOST_SHAPE = 2.0**-6, 2.0**11
_PER_FOLD = 16  # knots of the table per unit of log shape
_PER_SD = 32  # knots per unit of the normal deviate
_REACH = 8.5  # deviates of the table; uniforms end at 8.21


@lru_cache(maxsize=1)
def gamma_table() -> NDArray[np.float64]:
    """Gamma quantiles for `gamma_ratio`, float64 (log shape, normal deviate); computed once, in under 0.1 s."""
    shapes = math.ceil(math.log(_MOST_SHAPE / _LEAST_SHAPE) * _PER_FOLD) + 3
    table = np.empty((shapes, int(2 * _REACH * _PER_SD) + 1))
    _fill_gamma(table)
    return table


@njit(cache=True)
def _fill_gamma(table):  # type: ignore[no-untyped-def]
    """log(quantile / shape) x shape / sqrt(1 + shape): near log u for small shapes, near the deviate for large ones."""
    for j in range(table.shape[0]):
        shape = _LEAST_SHAPE * math.exp((j - 1) / _PER_FOLD)
        for i in range(table.shape[1]):
            z = i / _PER_SD - _REACH
            table[j, i] = _log_ratio(z, shape) * shape / math.sqrt(1 + shape)


@njit(cache=True)
def _log_ratio(z: float, shape: float) -> float:
    """log(quantile / shape) at a normal deviate, by the accurate routine."""
    far = 0.5 * gamma_cdf(0.5, 0.5 * z * z)[1]
    lower, upper = (far, 1 - far) if z < 0 else (1 - far, far)
    power = (math.log(lower) + log_gamma(shape) + math.log(shape)) / shape
    if power < -100:  # the lower tail is this power law alone; the quantile may be no float64
        return power - math.log(shape)
    return math.log(_gamma_quantile(z, lower, upper, shape) / shape)


@njit(cache=True)
def gamma_ratio(table: NDArray[np.float64], z: float, shape: float) -> float:
    """Quantile of the gamma law of `shape` and mean 1 at the normal deviate `z`.

    Relative error below 1e-6 within 4 SD and 2e-6 beyond. Bicubic in the `gamma_table`; above its shapes the expansion
    of Cornish and Fisher, below them the accurate routine.
    """
    if shape >= _MOST_SHAPE:
        r, s = 1 / math.sqrt(shape), z * z
        series = (s - 1) / 3 + r * z * (s - 7) / 36 - r * r * ((3 * s + 7) * s - 16) / 810
        series += r * r * r * z * ((9 * s + 256) * s - 433) / 38880
        return 1 + r * (z + r * series)
    if shape < _LEAST_SHAPE:
        return math.exp(_log_ratio(z, shape))
    x = math.log(shape / _LEAST_SHAPE) * _PER_FOLD + 1
    y = (z + _REACH) * _PER_SD
    j, i = int(x), int(y)
    p, q, r, s = cubic_weights(x - j)
    a, b, c, d = cubic_weights(y - i)
    total = 0.0
    for row, weight in ((j - 1, p), (j, q), (j + 1, r), (j + 2, s)):
        total += weight * (a * table[row, i - 1] + b * table[row, i] + c * table[row, i + 1] + d * table[row, i + 2])
    return math.exp(total * math.sqrt(1 + shape) / shape)


@njit(cache=True)
def gamma_row(table: NDArray[np.float64], shape: float) -> NDArray[np.float64]:
    """Logs of `gamma_ratio` of one shape at the deviates of the table, for `log_ratio_at`.

    From the table; for shapes beyond it by the accurate routine.
    """
    out = np.empty(table.shape[1])
    if not _LEAST_SHAPE <= shape < _MOST_SHAPE:
        for i in range(out.size):
            out[i] = _log_ratio(i / _PER_SD - _REACH, shape)
        return out
    x = math.log(shape / _LEAST_SHAPE) * _PER_FOLD + 1
    j = int(x)
    p, q, r, s = cubic_weights(x - j)
    scale = math.sqrt(1 + shape) / shape
    for i in range(out.size):
        out[i] = (p * table[j - 1, i] + q * table[j, i] + r * table[j + 1, i] + s * table[j + 2, i]) * scale
    return out


@njit(cache=True)
def log_ratio_at(row: NDArray[np.float64], z: float) -> float:
    """Log of `gamma_ratio` at the normal deviate `z`, for the shape of a `gamma_row`."""
    y = (z + _REACH) * _PER_SD
    i = int(y)
    a, b, c, d = cubic_weights(y - i)
    return a * row[i - 1] + b * row[i] + c * row[i + 1] + d * row[i + 2]  # type: ignore[no-any-return]


@njit(cache=True)
def cubic_weights(t: float) -> tuple[float, float, float, float]:
    """Weights of knots -1, 0, 1, 2 of the Lagrange cubic at `t`."""
    low, high = t * (t - 1), (t + 1) * (t - 2)
    return -low * (t - 2) / 6, high * (t - 1) / 2, -high * t / 2, low * (t + 1) / 6


@njit(cache=True)
def poisson_quantile(u: float, mean: float) -> int:
    """Smallest k with P(X <= k) >= `u`, X Poisson of `mean` >= 0; exact up to rounding.

    From a mean of 10 on the normal expansion Q_N2 of Giles (2016, ACM TOMS 42:41, eqs. 7-8); only where its error
    bound reaches over an integer are probabilities summed.
    """
    if mean < 10:
        mass = math.exp(-mean)
        return _poisson_search(u, mean, 0, mass, mass)  # type: ignore[no-any-return]
    z = normal_quantile(u)
    square, root = z * z, math.sqrt(mean)
    x = mean + root * z + (2 + square) / 6 - z * (2 + square) / (72 * root)
    x += (-8 / 405 + square * (7 / 810 + square / 270)) / mean
    bound = (1 / 40 + square * (1 / 80 + square / 160)) / mean
    k = max(0, int(x))
    if x - bound > k and x + bound < k + 1:
        return k
    below = gamma_cdf(k + 1.0, mean)[1]
    return _poisson_search(u, mean, k, math.exp(k * math.log(mean) - mean - log_gamma(k + 1.0)), below)  # type: ignore[no-any-return]


@njit(cache=True)
def _poisson_search(u: float, mean: float, k: int, mass: float, below: float) -> int:
    """Quantile from a start k, its probability and P(X <= k)."""
    while below < u and (mass > 1e-18 or k < mean):
        k += 1
        mass *= mean / k
        below += mass
    while k > 0 and below - mass >= u:
        below -= mass
        mass *= k / mean
        k -= 1
    return k


@njit(cache=True)
def negative_binomial(table: NDArray[np.float64], u: float, v: float, mean: float, size: float) -> int:
    """Negative binomial count, variance `mean` + `mean`^2 / `size`, from two uniforms: Poisson of gamma.

    `table` is the `gamma_table`.
    """
    if mean <= 0:
        return 0
    return poisson_quantile(v, mean * gamma_ratio(table, normal_quantile(u), size))  # type: ignore[no-any-return]
