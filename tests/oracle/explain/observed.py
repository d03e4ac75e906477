"""What the checks find on the layers of `tests/oracle/unplanned.py`, and what the diagnosis says about them."""

import sys
from functools import cache
from pathlib import Path

from sessa_ref.oracle import Report, battery, verify
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import CHECKS, Observation
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Result, Status

FOLDER = Path(__file__).parents[1]


sys.path.insert(0, str(FOLDER))


FEW = ("heads", "two_tokens")

TOLD = {
    "OtherEpsilon": ("NormEpsilon", "1e-6 instead of"),
    "OtherBase": ("RotaryBase", "5000 instead of"),
    "FiveHops": ("SolveHops", "5 hops"),
    "WindowOfSixteen": ("AttentionWindow", "last 16 tokens"),
    "ScaleByWidth": ("ForwardLogitsScale", "scaled by 1/d instead of 1/sqrt(d)"),
    "GainCutAt": ("GainCut", "+-0.9"),
    "SoftcapInFeedback": ("FeedbackSoftcap", "3 tanh(logit / 3)"),
    "ActivationsClamped": ("UClampedAbove", "at 1.5"),
    "OutputScaled": ("OutputScaled", "multiplied by 1.01"),
    "Distances": ("ForwardDistance", "-0.05 times the distance"),
    "GainOfInput": ("GainSourceFromX", "the layer's input x is taken"),
    "ValuesOfA": ("ValueSourceFromA", "a, before GELU"),
    "NextTokenVisible": ("AttentionSeesNext", "also the next token"),
    "GateAveraged": ("GateBatchMean", "averaged over the batch"),
    "QueriesAndKeysOfUnitLength": ("QueryAndKeyHeadsUnitLength", "length 1"),
    "StatesInBfloat16": ("FInBfloat16", "rounded to bfloat16"),
    "GateHalfDetached": ("GradientGate", "multiplied by 0.5"),
    "NormGradientOfLastRow": ("GradientLastRowOfNorm", "ln.weight and ln.bias is that of the last batch row only"),
    "DecodesTwoAhead": ("DecodePositionOffset", "off by 2"),
    "CachesHalf": ("KeepStatesInFloat16", "in float16"),
    "ErfOfAbramowitzAndStegun": ("GeluErfFormula7125OfAbramowitzAndStegun", "formula 7.1.25"),
    "NotRescaled": ("BothSoftmaxNotRescaled", "blocks of 8 keys"),
    "FeedbackPerHead": ("FeedbackHeadsAveragedHeadScale", "logits divided by sqrt(d); their weights are averaged"),
    "MixedTables": ("RotationLayoutSideBySideInHalvesSideBySide", "cosines are laid out side by side"),
    "FastTanh": ("GainTanhPade27ResultClamped", "z (27 + z^2)/(27 + 9 z^2), cut off at +-1"),
    "RotatedInPlace": ("RotationInPlaceFirstSideBySide", "in place, the first coordinate before the second"),
    "GainSlopeOfItself": ("GradientGainOneMinusSquare", "1 - gamma^2"),
    "RotatesGradientsForward": ("GradientQueryAndKeyRotationForward", "rotated forward instead of back"),
    "PrefillsInBlocks": ("PrefillRotaryPositionsWrap", "after every 4 tokens"),
    "FeedbackInPairs": ("FeedbackHalvesInterleaved", "even outputs"),
    "KeysRotatedAgain": ("StoreKeysRotatedAgain", "each by its own position"),
    "GainSlopeOfClampedArgument": ("GradientGainSlopeOfArgumentAsResultClamped", "clamped to +-1."),
    "CarriesInBfloat16": ("SolveCarriedStatesInBfloat16", "blocks of 8 tokens"),
    "PadsInFront": ("PaddedInFrontZerosToMultiple", "multiple of 8"),
    "SolvesTailAlone": ("SolveTailAlone", "blocks of 16"),
    "SolvesHalvesOfSignals": ("SolveHalvesOfSignals", "Beyond 8 tokens"),
    "GateOfTokens": ("GateSourceFromX", "the layer's input x is taken"),
    "GateOfState": ("GateSourceFromS", "what the gate g is made of, the state s is taken"),
    "ActivatesGate": ("ActivationOnGate", "applied to the gate g instead of a: exact GELU"),
    "ActivatesState": ("ActivationOnState", "GELU is applied to the state s, and a is taken as it is"),
    "LinearUnit": ("UnitOfActivatedGateAloneSiLU", "a times a function of g, and the state is not gated: SiLU"),
    "TooFewTiles": ("AttentionTilesHalfToFirstQuery", "tiles of 16 queries, tiles of keys half as large"),
    "ReadsEdgesTwice": ("ForwardSoftmaxTileStartsTwice", "each block of 8 after the first block twice"),
    "ScalesWeights": ("ForwardScaleAfterSoftmax", "multiplies the weights instead"),
    "KeepsPadding": ("PromptPaddedZerosToMultipleOf8", "zero tokens up to a multiple of 8"),
    "Noisy": ("Random", ""),
    "Overwriting": ("OverwritesInput", ""),
    "Remembering": ("KeepsState", ""),
    "TailKept": ("WrongForSomeLengths", "no multiple of 32"),
}
"""What the diagnosis says: the name, and a part of the sentence."""

CASES_OF = {
    "DecodesOtherGroups": ("heads", "grouped_heads"),
    "ScaleByWidth": ("heads", "gamma_max_0.3"),
    "GainCutAt": ("heads", "gamma_max_0.3"),
    "SolvesTailAlone": ("heads", "no_rope"),
    "TailKept": ("heads", "no_rope", "length_65", "two_tokens"),
}

CHECK_OF = {
    "GateHalfDetached": "gradients",
    "NormGradientOfLastRow": "gradients",
    "DecodesTwoAhead": "decode",
    "CachesHalf": "decode",
    "GainSlopeOfItself": "gradients",
    "KeysRotatedAgain": "decode",
    "GainSlopeOfClampedArgument": "gradients",
    "RotatesGradientsForward": "gradients",
    "KeepsPadding": "decode",
    "PrefillsInBlocks": "decode",
}

BEHAVE = ("Noisy", "Overwriting", "Remembering", "TailKept")
"""What is told from experiments."""


def implementation(name: str) -> InProcessImplementation:
    return InProcessImplementation(name, load_target(f"{FOLDER / 'unplanned.py'}:{name}"))


def observation_of(implementation: InProcessImplementation, check: str, case: Case) -> Observation:
    expectation = expectations(case, ("float64",))["float64"]
    comparison = CHECKS[check](implementation, expectation)
    assert comparison is not None
    status = Status.FAILED if comparison.ratio > 1 else Status.PASSED
    result = Result(case.name, "float64", check, status, comparison.ratio)
    return Observation(result, comparison if status is Status.FAILED else None, expectation)


def observed(name: str, check: str) -> list[Observation]:
    """What one check finds on a few cases."""
    observations = []
    for case in battery():
        if case.name in CASES_OF.get(name, FEW):
            observations.append(observation_of(implementation(name), check, case))
    return observations


@cache
def report_on(name: str, dtypes: tuple[str, ...] = ("float64",)) -> Report:
    wanted = CASES_OF.get(name, FEW)
    return verify(implementation(name), dtypes, [case for case in battery() if case.name in wanted])
