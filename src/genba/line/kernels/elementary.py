"""Logarithm, exponential and normal quantile in plain arithmetic, which compilers put into vectors.

Good to a few units in the last place; arguments are those of random numbers, so no infinity comes in.
"""

from typing import Any

import numpy as np

from genba.num.jit import inlined

MANTISSA, BIAS = 0xFFFFFFFFFFFFF, 0x3FF0000000000000
ROOT2 = 1.4142135623730951
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG2E, ROUND = 1.4426950408889634, 6755399441055744.0
LARGEST = 700.0
TWICE_ROOT2 = 2.8284271247461903
FAR = 6.25
"""From here on -log(4 p (1 - p)) is left to `normal_tail`: one number in 1,000."""


@inlined
def log(x: Any) -> Any:
    """Give the natural logarithm of a positive, normal number.

    Source: FreeBSD msun, e_log.c.
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits >> 52) - 1023
    fraction = np.int64((bits & MANTISSA) | BIAS).view(np.float64)
    large = fraction > ROOT2
    f = (0.5 * fraction if large else fraction) - 1.0
    k = np.float64(exponent + 1) if large else np.float64(exponent)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    even = w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    half = 0.5 * f * f
    rest = odd + z * 6.666666666666735130e-01 + z * even
    return k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f)


@inlined
def exp(x: Any) -> Any:
    """Give e**x for |x| up to 700; beyond, the value there."""
    x = min(max(x, -LARGEST), LARGEST)
    n = (x * LOG2E + ROUND) - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)


@inlined
def normal_middle(p: Any, w: Any) -> Any:
    """Give the normal quantile of `p` where w = -log(4 p (1 - p)) is at most `FAR`.

    Source: Giles, Approximating the erfinv function (GPU Computing Gems, 2011), double precision.
    """
    t = w - 3.125
    a = -3.6444120640178196996e-21
    a = a * t - 1.685059138182016589e-19
    a = a * t + 1.2858480715256400167e-18
    a = a * t + 1.115787767802518096e-17
    a = a * t - 1.333171662854620906e-16
    a = a * t + 2.0972767875968561637e-17
    a = a * t + 6.6376381343583238325e-15
    a = a * t - 4.0545662729752068639e-14
    a = a * t - 8.1519341976054721522e-14
    a = a * t + 2.6335093153082322977e-12
    a = a * t - 1.2975133253453532498e-11
    a = a * t - 5.4154120542946279317e-11
    a = a * t + 1.051212273321532285e-09
    a = a * t - 4.1126339803469836976e-09
    a = a * t - 2.9070369957882005086e-08
    a = a * t + 4.2347877827932403518e-07
    a = a * t - 1.3654692000834678645e-06
    a = a * t - 1.3882523362786468719e-05
    a = a * t + 0.0001867342080340571352
    a = a * t - 0.00074070253416626697512
    a = a * t - 0.0060336708714301490533
    a = a * t + 0.24015818242558961693
    a = a * t + 1.6536545626831027356
    return (p - 0.5) * TWICE_ROOT2 * a


@inlined
def normal_tail(p: Any) -> Any:
    """Give the normal quantile of `p` far from the middle.

    Source: Wichura, Algorithm AS 241 (Applied Statistics 37, 1988), PPND16.
    """
    r = np.sqrt(-np.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        top = 7.74545014278341407640e-4
        top = top * r + 2.27238449892691845833e-2
        top = top * r + 2.41780725177450611770e-1
        top = top * r + 1.27045825245236838258e0
        top = top * r + 3.64784832476320460504e0
        top = top * r + 5.76949722146069140550e0
        top = top * r + 4.63033784615654529590e0
        top = top * r + 1.42343711074968357734e0
        bottom = 1.05075007164441684324e-9
        bottom = bottom * r + 5.47593808499534494600e-4
        bottom = bottom * r + 1.51986665636164571966e-2
        bottom = bottom * r + 1.48103976427480074590e-1
        bottom = bottom * r + 6.89767334985100004550e-1
        bottom = bottom * r + 1.67638483018380384940e0
        bottom = bottom * r + 2.05319162663775882187e0
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7
        top = top * r + 2.71155556874348757815e-5
        top = top * r + 1.24266094738807843860e-3
        top = top * r + 2.65321895265761230930e-2
        top = top * r + 2.96560571828504891230e-1
        top = top * r + 1.78482653991729133580e0
        top = top * r + 5.46378491116411436990e0
        top = top * r + 6.65790464350110377720e0
        bottom = 2.04426310338993978564e-15
        bottom = bottom * r + 1.42151175831644588870e-7
        bottom = bottom * r + 1.84631831751005468180e-5
        bottom = bottom * r + 7.86869131145613259100e-4
        bottom = bottom * r + 1.48753612908506148525e-2
        bottom = bottom * r + 1.36929880922735805310e-1
        bottom = bottom * r + 5.99832206555887937690e-1
    z = top / (bottom * r + 1.0)
    return -z if p < 0.5 else z


__all__ = ["FAR", "exp", "log", "normal_middle", "normal_tail"]
