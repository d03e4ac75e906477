"""One run: first the oracle checks the methods; then, at each length, memory shows what fits, and what fits is timed."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import torch

from benchmarks.arithmetic import mixer_arithmetic
from benchmarks.calls import CALLS
from benchmarks.correctness import Admission, admit
from benchmarks.machine import describe, matrix_product, product_operations
from benchmarks.memory import Probe, probe
from benchmarks.methods import Method
from benchmarks.results import PRODUCT, Results, Row
from benchmarks.settings import Settings
from benchmarks.timing import interleaved

Progress = Callable[[str], None]


def run(
    settings: Settings,
    methods: Sequence[Method],
    progress: Progress,
    detail: Progress,
    say: Callable[[Admission], None],
) -> Results:
    """Measure everything that the settings ask for.

    Args:
        settings: what to measure.
        methods: those that the settings name.
        progress: called with a line of text before each of `steps(settings)` steps.
        detail: called with a line of text within a step.
        say: called with each admission as soon as it is known.
    """
    torch.set_num_threads(settings.threads)
    admissions = []
    for method in methods:
        progress(f"{method.name}: is it right?")
        name = method.name
        admissions.append(admit(method, settings.dtype, progress=lambda case, name=name: detail(f"{name}: {case}")))
        say(admissions[-1])
    admitted = [method for method, admission in zip(methods, admissions, strict=True) if admission.admitted]
    return Measuring(settings, admitted, progress).results(admissions)


def steps(settings: Settings) -> int:
    """How many steps a run reports, at most."""
    methods = len(settings.methods)
    return 2 * methods + len(settings.lengths) * (methods + 2) + len(settings.contexts) * (methods + 1)


class Measuring:
    """The measurements of one run so far."""

    def __init__(self, settings: Settings, methods: Sequence[Method], progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self.layers = {method.name: method.build(settings) for method in methods}
        self.with_feedback = {method.name: method.is_sessa for method in methods}
        self.product = matrix_product(settings)
        self.rows: list[Row] = []
        self._beyond: dict[tuple[str, str], Probe] = {}

    def results(self, admissions: Sequence[Admission]) -> Results:
        """Measure, and gather."""
        baselines = {name: self._probe(name, "baseline", 0).peak_bytes for name in self.layers}
        for T in self.settings.lengths:
            forward, both = {}, {}
            for name in self.layers:
                both[name] = self._probe(name, "forward_backward", T)
                # where both passes fit, the forward pass does
                forward[name] = both[name] if both[name].status == "measured" else self._probe(name, "forward", T)
                self._add_memory("memory", name, T, both[name], baselines[name])
            self._time("forward", T, forward)
            self._time("forward_backward", T, both)
        for context in self.settings.contexts:
            decoding = {name: self._probe(name, "decode", context) for name in self.layers}
            for name, found in decoding.items():
                self._add_memory("decode_memory", name, context, found, found.before_bytes)
            self._time("decode", context, decoding)
        return Results(describe(), asdict(self.settings), admissions, self.rows)

    def _probe(self, name: str, measurement: str, T: int) -> Probe:
        """Measure in a process of its own, unless the method went beyond a limit at fewer tokens already."""
        self.progress(f"{name}: memory, {measurement.replace('_', ' and ')}, T = {T}")
        known = self._beyond.get((name, measurement))
        if known is not None:
            return known
        found = probe(self.settings, name, measurement, T)
        if found.status in ("over memory", "over time"):
            self._beyond[name, measurement] = found
        return found

    def _add_memory(self, measurement: str, name: str, T: int, found: Probe, baseline: int | None) -> None:
        peak = found.peak_bytes
        row = Row(measurement, name, T, found.status, found.message, peak_bytes=peak, baseline_bytes=baseline)
        self.rows.append(row)

    def _time(self, measurement: str, T: int, probes: dict[str, Probe]) -> None:
        """Time all methods that fit, side by side, and beside them a matrix product where arithmetic is counted."""
        self.progress(f"time, {measurement.replace('_', ' and ')}, T = {T}")
        settings = self.settings
        fitting = [name for name, found in probes.items() if found.status == "measured"]
        tasks = [CALLS[measurement](name, self.layers[name], settings, T) for name in fitting]
        if tasks and measurement != "decode":
            tasks.append(self.product)
        seconds = interleaved(tasks, settings.repetitions, settings.budget)
        if PRODUCT in seconds:
            operations = product_operations(settings)
            self.rows.append(Row(measurement, PRODUCT, T, seconds=tuple(seconds[PRODUCT]), operations=operations))
        per = settings.decode_steps if measurement == "decode" else 1
        for name, found in probes.items():
            self.rows.append(
                Row(measurement, name, T, found.status, found.message,
                    seconds=tuple(s / per for s in seconds.get(name, ())), operations=self._operations(measurement, name, T))
            )  # fmt: skip

    def _operations(self, measurement: str, name: str, T: int) -> float | None:
        if measurement == "decode":
            return None
        arithmetic = mixer_arithmetic(self.settings.config, T, self.settings.batch, self.with_feedback[name])
        return arithmetic.forward if measurement == "forward" else arithmetic.forward_backward
