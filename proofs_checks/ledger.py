"""The rows of the ledger: all numbered statements in the paper's order, then ours."""

from proofs_checks.ours import OURS
from proofs_checks.paper import (
    block_bounds,
    causality,
    convolutions,
    deep_decay,
    depth,
    diffuse_routing,
    envelopes,
    gelu_units,
    horizon_uniform_decay,
    jacobian_bounds,
    jacobian_smoothness,
    jacobian_tails,
    layer_norm,
    macro_layers,
    polynomial_decay,
    positions,
    power_profiles,
    retrieval,
    selective_retrieval,
    sharp_attention,
    signal_transport,
    softmax_routing,
    stability,
    state_space_jacobians,
    state_space_models,
    systems,
    tokenwise_blocks,
    transport_blocks,
    uniform_routing,
    universal_approximation,
)
from proofs_checks.statement import Statement
from sessa_ref.messages import nearest

TOPICS = (
    systems,
    stability,
    block_bounds,
    softmax_routing,
    state_space_models,
    state_space_jacobians,
    diffuse_routing,
    polynomial_decay,
    uniform_routing,
    envelopes,
    jacobian_tails,
    jacobian_smoothness,
    jacobian_bounds,
    convolutions,
    depth,
    deep_decay,
    horizon_uniform_decay,
    retrieval,
    positions,
    sharp_attention,
    gelu_units,
    tokenwise_blocks,
    causality,
    universal_approximation,
    layer_norm,
    selective_retrieval,
    signal_transport,
    transport_blocks,
    power_profiles,
    macro_layers,
)
"""The files of the paper's rows."""

_IN_ORDER = """
def:1 rem:2.1 def:2 rem:2.2 lem:2.3 rem:3.1 rem:4.1 asm:1 lem:4.2 prop:2 def:3 def:4 lem:4.3 prop:3 prop:4 lem:4.4
prop:5 asm:6 asm:7 thm:8 rem:4.5 prop:9 prop:10 cor:4.6 thm:11 cor:4.7 def:5 thm:12 cor:4.8 prop:13 cor:4.9 lem:4.10
cor:4.11 cor:4.12 cor:4.13 def:6 thm:14 def:7 def:8 rem:B.1 asm:15 asm:16 asm:17 asm:18 asm:19 asm:20 asm:21 asm:22
rem:B.2 lem:B.3 lem:B.4 lem:B.5 lem:B.6 thm:23 cor:B.7 lem:C.1 rem:C.2 rem:C.3 asm:24 rem:D.1 lem:D.2 lem:D.3
prop:25 rem:D.4 asm:26 rem:E.1 asm:27 rem:E.2 thm:28 cor:E.3 cor:E.4 lem:F.1 prop:29 cor:F.2 cor:F.3 rem:F.4 def:9
lem:G.1 thm:30 thm:31 lem:H.1 prop:32 prop:33 prop:34 thm:35 cor:H.2 def:10 lem:I.1 lem:I.2 cor:I.3 lem:I.4 lem:I.5
lem:I.6 lem:I.7 cor:I.8 lem:I.9 lem:I.10 lem:I.11 lem:I.12 lem:I.13 lem:I.14 lem:I.15 lem:I.16 lem:I.17 cor:I.18
lem:J.1 lem:J.2 cor:J.3 lem:K.1 lem:K.2 lem:K.3 lem:K.4 cor:K.5 lem:K.6 lem:K.7 def:11 def:12 lem:K.8 def:13 lem:K.9
cor:K.10 lem:K.11 lem:K.12 rem:K.13 lem:K.14 lem:K.15 rem:K.16 lem:K.17 lem:K.18 lem:K.19 lem:K.20 cor:K.21 lem:K.22
cor:K.23 lem:K.24 lem:K.25 lem:K.26 rem:K.27
"""

PAPER_ORDER = tuple(_IN_ORDER.split())
"""The ids of all numbered statements, in the order in which the paper has them."""

ROWS: tuple[Statement, ...] = (
    *sorted((one for topic in TOPICS for one in topic.ROWS), key=lambda one: PAPER_ORDER.index(one.id)),
    *OURS,
)

_BY_ID = {one.id: one for one in ROWS}


def row(identifier: str) -> Statement:
    """The row of an id such as "thm:8".

    Raises:
        ValueError: there is no such row; the message names the nearest ids.
    """
    if identifier not in _BY_ID:
        raise ValueError(f"the ledger has no row {identifier!r}{nearest(identifier, _BY_ID)}")
    return _BY_ID[identifier]
