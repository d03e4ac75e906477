"""Implementations that misbehave, as targets for the oracle's worker process."""

import os
import sys
import time
from typing import Any

import numpy as np

from sessa_ref import reference


class _Layer:
    """The right layer, before a subclass spoils it."""

    def __init__(self, parameters, dtype):
        self.parameters, self.dtype = parameters, dtype

    def forward(self, x) -> Any:
        return reference.forward(self.parameters, x).astype(x.dtype)

    def vjp(self, x, dy):
        dx, gradients = reference.vjp(self.parameters, x, dy)
        return dx.astype(x.dtype), {name: g.astype(x.dtype) for name, g in gradients.items()}


def _adapter(layer_class):
    class Adapter:
        def build(self, parameters, dtype):
            return layer_class(parameters, dtype)

    return Adapter


class _Crashes(_Layer):
    def forward(self, x):
        if x.shape[1] == 2:
            os.kill(os.getpid(), 11)
        return super().forward(x)


class _Exits(_Layer):
    def forward(self, x):
        if x.shape[1] == 2:
            print("goodbye")
            os._exit(9)
        return super().forward(x)


class _RaisesSystemExit(_Layer):
    def forward(self, x):
        if x.shape[1] == 2:
            sys.exit(4)
        return super().forward(x)


class _Hangs(_Layer):
    def forward(self, x):
        while x.shape[1] == 2:
            time.sleep(0.01)
        return super().forward(x)


class _Allocates(_Layer):
    def forward(self, x):
        hoard = []
        while x.shape[1] == 2:
            hoard.append(np.ones(2**22))
        return super().forward(x)


class _Prints(_Layer):
    def forward(self, x):
        print("x" * 4_000_000)
        print("y" * 4_000_000, file=sys.stderr)
        return super().forward(x)


class _WritesToInput(_Layer):
    def forward(self, x):
        y = super().forward(x)
        x += 1
        return y


class _CachesByShape(_Layer):
    def __init__(self, parameters, dtype):
        super().__init__(parameters, dtype)
        self.known = {}

    def forward(self, x):
        if x.shape not in self.known:
            self.known[x.shape] = super().forward(x)
        return self.known[x.shape]


class _WrongShape(_Layer):
    def forward(self, x):
        y = super().forward(x)
        return y if x.shape[1] == 3 else y[:, 1:]


class _AllNaN(_Layer):
    def forward(self, x):
        return np.full_like(x, np.nan)


class _WrongValues(_Layer):
    def forward(self, x):
        return np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)


class _NoArray(_Layer):
    def forward(self, x) -> Any:
        return super().forward(x) if x.shape[1] == 3 else None


class _NeverRuns(_Layer):
    def forward(self, x):
        raise RuntimeError("not today")


Right = _adapter(_Layer)
Crashes = _adapter(_Crashes)
Exits = _adapter(_Exits)
RaisesSystemExit = _adapter(_RaisesSystemExit)
Hangs = _adapter(_Hangs)
Allocates = _adapter(_Allocates)
Prints = _adapter(_Prints)
WritesToInput = _adapter(_WritesToInput)
CachesByShape = _adapter(_CachesByShape)
WrongShape = _adapter(_WrongShape)
AllNaN = _adapter(_AllNaN)
WrongValues = _adapter(_WrongValues)
NoArray = _adapter(_NoArray)
NeverRuns = _adapter(_NeverRuns)
not_an_adapter = 42
