"""The existence proofs of the paper as programs: each gives a network, and the claim that it must meet."""

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.network import Adapter, Network

__all__ = ["ONE", "Adapter", "Block", "Built", "Channels", "Claim", "Measured", "Network", "at_least", "at_most"]
