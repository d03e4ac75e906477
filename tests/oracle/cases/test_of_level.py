"""The cases of mixers and solves: their lengths, and gains that the layer does not have."""

from dataclasses import replace

import numpy as np

from sessa_ref.oracle import battery
from sessa_ref.oracle.cases.of_level import BLOCK_LENGTHS, LONGEST, cases_of, sensible_dtypes
from sessa_ref.oracle.levels import LAYER, SOLVE


def test_lengths_are_those_around_blocks():
    assert {T + d for T in (16, 48, 64, 96, 128, 256, 512, 1024, 2048) for d in (-1, 0, 1)} <= set(BLOCK_LENGTHS)
    assert max(BLOCK_LENGTHS) == LONGEST
    (case,) = (case for case in cases_of(SOLVE) if case.lengths)
    assert case.lengths == BLOCK_LENGTHS
    assert case.x.shape[1] == LONGEST


def test_a_block_size_adds_its_neighbours():
    added = cases_of(SOLVE, True, (24,))[len(cases_of(SOLVE, True)) :]
    assert [case.x.shape[1] for case in added] == [23, 24, 25, 47, 48, 49, 71, 72, 73]


def test_the_layers_cases_are_the_battery():
    assert cases_of(LAYER, True) == battery(True)


def test_gains_beyond_one_leave_digits():
    beyond = [case for case in cases_of(SOLVE) if case.name.startswith("gains_")]
    for case in beyond:
        gamma = SOLVE.split(case.parameters.config, case.x)["gamma"]
        assert np.abs(gamma).max() > 1
        assert "float32" in case.dtypes


def test_a_precision_without_digits_is_left_out():
    (case,) = (case for case in cases_of(SOLVE) if case.name == "gains_up_to_2")
    parts = SOLVE.split(case.parameters.config, case.x)
    assert "bfloat16" in case.dtypes
    larger = replace(case, x=SOLVE.join(parts | {"gamma": -10 * parts["gamma"]}))
    assert "bfloat16" not in sensible_dtypes(larger)
    assert "float64" in sensible_dtypes(larger)
