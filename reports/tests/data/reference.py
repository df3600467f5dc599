"""Writes reference.json: what scipy, numpy and SALib say about numbers that the crate is tested with.

    pip install numpy scipy SALib
    python reference.py > reference.json
"""

import json

import numpy as np
from scipy import stats
from SALib.analyze import sobol as salib
from SALib.sample import sobol as sampler

MASK = (1 << 64) - 1


class Noise:
    """SplitMix64, as the crate has it."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        return (z * n) >> 64


def bootstrap(x, resamples=2000):
    noise = Noise(20260101)
    means = [np.mean([x[noise.below(len(x))] for _ in x]) for _ in range(resamples)]
    return [float(np.quantile(means, q)) for q in (0.025, 0.975)]


def sample(x):
    x = np.asarray(x)
    t = stats.t.interval(0.95, len(x) - 1, loc=x.mean(), scale=stats.sem(x))
    return {
        "x": x.tolist(),
        "mean": float(x.mean()),
        "sd": float(x.std(ddof=1)),
        "skewness": float(stats.skew(x, bias=False)),
        "quantiles": np.quantile(x, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist(),
        "t": [float(v) for v in t],
        "bootstrap": bootstrap(x),
    }


def pair(a, b):
    w = stats.ttest_ind(a, b, equal_var=False)
    ci = w.confidence_interval(0.95)
    k = stats.ks_2samp(a, b, method="exact")
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "welch": {"t": float(w.statistic), "df": float(w.df), "p": float(w.pvalue), "lo": float(ci.low), "hi": float(ci.high)},
        "ks": {"d": float(k.statistic), "p": float(k.pvalue)},
    }


def influence(rng):
    n, bins = 60, 5
    x = rng.random((3, n))
    y = 4 * x[0] + np.sin(6 * x[1]) + 0.3 * rng.standard_normal(n)
    eta2 = []
    for column in x:
        group = stats.rankdata(column, method="ordinal").astype(int) - 1
        group = group * bins // n
        between = sum((group == g).sum() * (y[group == g].mean() - y.mean()) ** 2 for g in range(bins))
        eta2.append(float(between / ((y - y.mean()) ** 2).sum()))
    z = np.stack([(c - c.mean()) / c.std() for c in x], axis=1)
    t = (y - y.mean()) / y.std()
    src, *_ = np.linalg.lstsq(z, t, rcond=None)
    r2 = 1 - ((t - z @ src) ** 2).sum() / (t**2).sum()
    return {"x": x.tolist(), "y": y.tolist(), "eta2": eta2, "src": src.tolist(), "r2": float(r2)}


def sobol():
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    points = sampler.sample(problem, 256, calc_second_order=False, seed=7)
    y = np.sin(points[:, 0]) + 7 * np.sin(points[:, 1]) ** 2 + 0.1 * points[:, 2] ** 4 * np.sin(points[:, 0])
    # SALib takes the mean of all runs as the middle; the crate that of the two matrices, as the variance does.
    a, b = y[0::5], y[4::5]
    both = np.r_[a, b]
    y = y - both.mean()
    a, b, ab = y[0::5], y[4::5], [y[1 + i :: 5] for i in range(3)]
    variance = both.var()
    found = salib.analyze(problem, y, calc_second_order=False, seed=1)
    s1 = [float(np.mean(b * (m - a)) / variance) for m in ab]
    st = [float(0.5 * np.mean((a - m) ** 2) / variance) for m in ab]
    assert np.allclose(found["S1"], s1, atol=0.02) and np.allclose(found["ST"], st)
    return {"a": a.tolist(), "b": b.tolist(), "ab": [m.tolist() for m in ab], "s1": s1, "st": st}


rng = np.random.default_rng(1)
out = {
    "samples": [sample(rng.normal(5, 2, 12)), sample(rng.lognormal(1, 1, 20)), sample([3.0, 1.0]), sample(rng.random(101))],
    "pairs": [
        pair(rng.normal(0, 1, 9), rng.normal(1, 3, 14)),
        pair(rng.normal(0, 1, 30), rng.normal(0, 1, 30)),
        pair(rng.lognormal(0, 1, 5), rng.normal(9, 1, 5)),
    ],
    "influence": influence(rng),
    "sobol": sobol(),
}
print(json.dumps(out))
