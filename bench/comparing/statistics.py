"""Ratios of pairs, and what may be said of them."""

import math

import numpy as np

RESAMPLES = 4_000
CONFIDENCE = 0.95


def ratio_interval(pairs, seed=1):
    """The median of the ratios b/a and its bootstrap interval. `pairs` are (group, a, b): turns of the same
    processes are alike, so groups are drawn, and then pairs of each (a bootstrap in two stages)."""
    groups = {}
    for group, first, second in pairs:
        groups.setdefault(group, []).append(math.log(second / first))
    sizes = np.array([len(one) for one in groups.values()])
    logs = np.full((len(sizes), sizes.max()), np.nan)  # the last group may be shorter
    for row, one in zip(logs, groups.values()):
        row[: len(one)] = one
    random = np.random.default_rng(seed)
    drawn = random.integers(len(sizes), size=(RESAMPLES, len(sizes), 1))
    within = (random.random((RESAMPLES, len(sizes), sizes.max())) * sizes[drawn]).astype(int)
    resamples = logs[drawn, within]
    resamples[np.arange(sizes.max()) >= np.broadcast_to(sizes[drawn], within.shape)] = np.nan
    medians = np.nanmedian(resamples.reshape(RESAMPLES, -1), axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return {"ratio": math.exp(np.nanmedian(logs)), "low": math.exp(low), "high": math.exp(high)}


def floor_of(interval):
    """How far from 1 a build is found from itself: the noise floor, as a ratio above 1."""
    return max(interval["high"], 1 / interval["low"], 1.0)


def verdict(interval, floor):
    """Never finer than the floor: the whole interval lies beyond it, or nobody can tell."""
    if interval["low"] > floor:
        return "slower"
    if interval["high"] < 1 / floor:
        return "faster"
    return "can't tell"
