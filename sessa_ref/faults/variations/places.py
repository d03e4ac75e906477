"""The places of the layer that variations are made of: its named values, in words."""

from dataclasses import dataclass
from typing import Literal

from sessa_ref.faults.fault import Area

Kind = Literal["tokens", "heads", "matrix"]


@dataclass(frozen=True)
class Place:
    """A named value of the graph."""

    name: str
    """In the graph; several names, with commas between, where they are changed alike."""
    word: str
    """In names of variations."""
    phrase: str
    """In sentences: "the gate g"."""
    area: Area
    kind: Kind = "tokens"
    plural: bool = False

    @property
    def names(self) -> list[str]:
        """The names in the graph."""
        return self.name.split(",")

    @property
    def verb(self) -> str:
        """is, or are."""
        return "are" if self.plural else "is"


PLACES: tuple[Place, ...] = (
    Place("x", "Input", "the input of the norm", "token-wise"),
    Place("n", "NormOutput", "the norm's output n", "token-wise"),
    Place("a input", "ASource", "what a, the half of W_in's output before GELU, is made of", "token-wise"),
    Place("g input", "GateSource", "what the gate g is made of", "token-wise"),
    Place("a", "A", "a, the half of W_in's output before GELU,", "token-wise"),
    Place("u", "U", "the mixer's input u", "token-wise"),
    Place("g", "Gate", "the gate g", "token-wise"),
    Place("q input", "QuerySource", "what the forward queries are made of", "attention"),
    Place("k input", "KeySource", "what the forward keys are made of", "attention"),
    Place("v input", "ValueSource", "what the values are made of", "attention"),
    Place("q_fb input", "FeedbackQuerySource", "what the feedback queries are made of", "feedback"),
    Place("k_fb input", "FeedbackKeySource", "what the feedback keys are made of", "feedback"),
    Place("gain input", "GainSource", "what the gain is made of", "feedback"),
    Place("q", "Queries", "the forward queries", "attention", plural=True),
    Place("k", "Keys", "the forward keys", "attention", plural=True),
    Place("v", "Values", "the values", "attention", plural=True),
    Place("q_heads", "QueryHeads", "the forward queries of each head, before rotation,", "attention", "heads", True),
    Place("k_heads", "KeyHeads", "the forward keys of each head, before rotation,", "attention", "heads", True),
    Place("v_heads", "ValueHeads", "the values of each head", "attention", "heads", True),
    Place("q_rotated", "RotatedQueries", "the rotated queries of each head", "rotary", "heads", True),
    Place("k_rotated", "RotatedKeys", "the rotated keys of each head", "rotary", "heads", True),
    Place("logits", "ForwardLogits", "the forward logits", "attention", "matrix", True),
    Place("alpha", "ForwardWeights", "the forward weights", "attention", "matrix", True),
    Place("o_heads", "HeadOutputs", "the outputs of the forward heads", "attention", "heads", True),
    Place("o", "O", "the forward attention's output o", "attention"),
    Place("f", "F", "the forward signal f", "attention"),
    Place("q_fb", "FeedbackQueries", "the feedback queries", "feedback", plural=True),
    Place("k_fb", "FeedbackKeys", "the feedback keys", "feedback", plural=True),
    Place("logits_fb", "FeedbackLogits", "the feedback logits", "feedback", "matrix", True),
    Place("alpha_fb", "FeedbackWeights", "the feedback weights", "feedback", "matrix", True),
    Place("z", "GainInput", "the gain's argument, before tanh,", "feedback"),
    Place("gamma", "Gain", "the gain gamma", "feedback"),
    Place("B", "Routing", "the routing matrix B", "feedback", "matrix"),
    Place("s", "State", "the state s", "solve"),
    Place("gated", "GatedState", "the gated state s g", "token-wise"),
    Place("branch", "Branch", "the branch that is added to the residual", "token-wise"),
    Place("residual", "Residual", "the residual", "token-wise"),
    Place("y", "Output", "the output y", "token-wise"),
    Place("W_in output", "InputProjection", "the whole output of W_in", "token-wise"),
    Place("q_heads,k_heads", "QueryAndKeyHeads", "the forward queries and keys of each head, before rotation,", "attention", "heads", True),
    Place("q_rotated,k_rotated", "RotatedQueriesAndKeys", "the rotated queries and keys of each head", "rotary", "heads", True),
    Place("q,k", "QueriesAndKeys", "the forward queries and keys", "attention", plural=True),
    Place("q_heads,k_heads,v_heads", "QueryKeyValueHeads", "the forward queries, keys and values of each head", "attention", "heads", True),
    Place("k_heads,v_heads", "KeyAndValueHeads", "the forward keys and values of each head", "attention", "heads", True),
    Place("q_fb,k_fb", "FeedbackQueriesAndKeys", "the feedback queries and keys", "feedback", plural=True),
    Place("q_heads,k_heads,q_fb,k_fb", "AllQueriesAndKeys", "queries and keys of both attentions", "attention", plural=True),
    Place("logits,logits_fb", "AllLogits", "the logits of both attentions", "attention", "matrix", True),
    Place("alpha,alpha_fb", "AllWeights", "the weights of both attentions", "attention", "matrix", True),
)  # fmt: skip
"""Every place, in the order of computation."""
