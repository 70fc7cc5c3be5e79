"""Distributions of times as rows of numbers that kernels read.

Every draw is the quantile of one uniform number, so it grows with that number: lines that share uniform
numbers stay as alike as they can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gamma, gammainccinv, gammaincinv, gammaln, ndtr

Floats = NDArray[np.float64]

DETERMINISTIC, EXPONENTIAL, NORMAL, LOGNORMAL, GAMMA, WEIBULL, TRIANGULAR, EMPIRICAL = range(8)
KINDS = ("deterministic", "exponential", "normal", "lognormal", "gamma", "weibull", "triangular", "empirical")
ROW = 6
"""Numbers of a law: its kind, four parameters, and where its part of the table begins."""
GAMMA_REACH, GAMMA_STEPS = 8.5, 32
"""The table of a gamma law covers normal quantiles of +-8.5 in steps of 1/32."""
SMALLEST = 1e-280


@dataclass(frozen=True, eq=False)
class Laws:
    """Distributions, one row each.

    Arguments:
        rows: kind, parameters and place in the table, shape (laws, ROW).
        table: observed times in order, and log quantiles of gamma laws with their slopes, shape (numbers,).
        mean: mean of each, s, shape (laws,).
    """

    rows: Floats
    table: Floats
    mean: Floats


@dataclass(frozen=True)
class Law:
    """One distribution: its kind, up to four parameters, its part of the table, and its mean, s."""

    kind: int
    parameters: tuple[float, ...]
    mean: float
    table: tuple[float, ...] = ()


def laws(members: Sequence[Law]) -> Laws:
    """Put distributions into one table."""
    rows = np.zeros((len(members), ROW))
    begins = np.cumsum([0, *(len(law.table) for law in members)])
    for row, law, begin in zip(rows, members, begins, strict=False):
        row[0], row[ROW - 1] = law.kind, begin
        row[1 : 1 + len(law.parameters)] = law.parameters
    table = np.array([number for law in members for number in law.table] or [0.0])
    return Laws(rows, table, np.array([law.mean for law in members], float))


def deterministic(mean: float) -> Law:
    """Give always the same time."""
    return Law(DETERMINISTIC, (mean,), mean)


def exponential(mean: float) -> Law:
    """Give the memoryless time."""
    return Law(EXPONENTIAL, (mean,), mean)


def normal(mean: float, cv: float) -> Law:
    """Give the normal time cut off at 0; mean and coefficient of variation are those before the cut."""
    if cv == 0:
        return deterministic(mean)
    below = float(ndtr(-1 / cv))
    density = float(np.exp(-0.5 / cv**2) / np.sqrt(2 * np.pi))
    return Law(NORMAL, (mean, cv * mean, below, 1 - below), mean * (1 + cv * density / (1 - below)))


def lognormal(mean: float, cv: float) -> Law:
    """Give the time whose logarithm is normal."""
    variance = float(np.log1p(cv**2))
    return Law(LOGNORMAL, (float(np.log(mean)) - variance / 2, variance**0.5), mean)


def weibull(mean: float, cv: float) -> Law:
    """Give the Weibull time; its shape follows from the coefficient of variation."""
    if cv == 0:
        return deterministic(mean)
    order = brentq(lambda t: gammaln(1 + 2 * t) - 2 * gammaln(1 + t) - np.log1p(cv**2), 1e-9, 100.0)
    return Law(WEIBULL, (mean / float(gamma(1 + order)), float(order)), mean)


def gamma_law(mean: float, cv: float) -> Law:
    """Give the gamma time; its quantiles are interpolated in the normal quantile, to about 1e-9."""
    if cv == 0:
        return deterministic(mean)
    shape, scale = 1 / cv**2, mean * cv**2
    z = np.arange(-GAMMA_REACH, GAMMA_REACH + 1.5 / GAMMA_STEPS, 1 / GAMMA_STEPS)
    value = np.where(z < 0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z)))
    tiny = value < SMALLEST
    value = np.where(tiny, SMALLEST, value)
    logarithm = np.where(tiny, (np.log(ndtr(z)) + gammaln(shape + 1)) / shape, np.log(value))
    weight = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    density = np.where(tiny, np.log(shape * ndtr(z)), shape * np.log(value) - value - gammaln(shape))
    slope = np.exp(weight - density) / GAMMA_STEPS
    pairs = np.stack([logarithm + np.log(scale), slope], axis=1)
    return Law(GAMMA, (), mean, tuple(pairs.ravel().tolist()))


def triangular(low: float, mode: float, high: float) -> Law:
    """Give the triangular time."""
    if high == low:
        return deterministic(low)
    left = (mode - low) / (high - low)
    return Law(TRIANGULAR, (low, mode, high, left), (low + mode + high) / 3)


def empirical(values: Sequence[float]) -> Law:
    """Give one of the observed times, each as likely as any other."""
    ordered = tuple(sorted(float(value) for value in values))
    return Law(EMPIRICAL, (float(len(ordered)),), float(np.mean(ordered)), ordered)


__all__ = [
    "DETERMINISTIC",
    "EMPIRICAL",
    "EXPONENTIAL",
    "GAMMA",
    "GAMMA_REACH",
    "GAMMA_STEPS",
    "KINDS",
    "LOGNORMAL",
    "NORMAL",
    "ROW",
    "TRIANGULAR",
    "WEIBULL",
    "Law",
    "Laws",
    "deterministic",
    "empirical",
    "exponential",
    "gamma_law",
    "laws",
    "lognormal",
    "normal",
    "triangular",
    "weibull",
]
