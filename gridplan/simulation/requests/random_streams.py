"""Streams of chance with names.

Number j of the stream of a key is always the same, whoever asks and in which
order.

Every sub-grid has a stream for its arrivals and every request one for what it
takes, so scenarios meet the same requests. Bits are splitmix64's (Steele, Lea
and Flood, 2014), taken by counter.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from gridplan.arrays import Ints

Function = TypeVar("Function", bound=Callable[..., Any])
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
SWITCHES: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
S27 = np.uint64(27)
S30 = np.uint64(30)
S31 = np.uint64(31)
S11 = np.uint64(11)


def bare(function: Function) -> Function:
    """Compile a function that only reads and writes arrays which others hold.

    Counting references to them, as numba does, would take two thirds of the
    time, and keep threads waiting for one another.
    """
    return cast(Function, njit(**SWITCHES)(function))


@bare
def mix(z: Any) -> Any:
    """Mix 64 bits."""
    # the finaliser of splitmix64: every bit of the input reaches
    # every bit of the result
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@bare
def sample_key(key: Any, number: int) -> Any:
    """Sample the key of the stream that stands at a number of another."""
    return mix(key + GOLDEN * np.uint64(number + 1))


@bare
def sample_unit(key: Any, number: int) -> float:
    """Sample the number j of a stream, evenly from 0 to 1, neither included."""
    # the upper 53 bits; the half keeps 0 and 1 out, so a logarithm is safe
    return (np.float64(sample_key(key, number) >> S11) + 0.5) * 2.0**-53


@bare
def sample_gap(key: Any, number: int) -> float:
    """Sample an exponential time of mean 1."""
    return -math.log(sample_unit(key, number))


@bare
def sample_work(key: Any, number: int, mean: float, cv: float, shape: int) -> Any:
    """Sample a time of work from numbers j and j + 1 of a stream.

    Shape 0 is lognormal by mean and cv, 1 exponential, 2 fixed.
    """
    if shape == 2 or mean <= 0.0:
        return mean
    if shape == 1:
        return mean * sample_gap(key, number)
    # Box and Muller: two numbers make one normal one, and none is kept back
    normal = math.sqrt(2.0 * sample_gap(key, number)) * math.cos(
        2.0 * math.pi * sample_unit(key, number + 1)
    )
    # variance of the logarithm; half of it is taken off to keep the mean
    spread = math.log1p(cv * cv)
    return mean * math.exp(math.sqrt(spread) * normal - spread / 2.0)


@njit(cache=True, nogil=True)
def sample_units(keys: Any, number: int) -> Any:
    """Sample one number of each of many streams."""
    out = np.empty(len(keys))
    for i in range(len(keys)):
        out[i] = sample_unit(keys[i], number)
    return out


@njit(cache=True, nogil=True)
def blend_keys(keys: Any, other: Any) -> Any:
    """Blend each key with another one, such as that of a replication."""
    out = np.empty(len(keys), np.uint64)
    for i in range(len(keys)):
        # the other key is mixed before it is blended in, as neighbouring seeds
        # differ by few bits
        out[i] = mix(keys[i] ^ mix(other + GOLDEN))
    return out


def name_keys(names: Iterable[str]) -> Ints:
    """Make a key from each name: the same on every machine, whatever stands beside it.

    Examples
    --------
    >>> name_keys(["a", "b", "a"]).tolist()
    [3405396810240292928, 8453121595177857668, 3405396810240292928]
    """
    # a cryptographic hash, as Python's own differs from run to run
    return np.array(
        [
            int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), "little")
            for n in names
        ],
        np.uint64,
    )


def make_key(seed: int, replication: int) -> np.uint64:
    """Make the key of a replication of a seed."""
    return np.uint64(name_keys([f"{seed} {replication}"])[0])
