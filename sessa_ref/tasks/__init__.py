"""Tasks for sequence models: seeded, without a tokenizer, each with what guessing, counting and perfect memory would score.

| task | what it asks for |
|---|---|
| `MarkedRecall` | to name a marked token, a given number of tokens later |
| `MQAR`, `DiffuseMQAR` | to name the values of several keys, of one token each, or of three and among distractors |
| `Needles`, `VariableTracking` | to find what was said about a key in a haystack, or to follow a chain of assignments |
| `SelectiveCopying` | to repeat symbols that stand scattered among blanks |
| `Parity`, `Permutations` | to keep a state: the parity of bits, the order of five objects |
| `SymbolSoup` | to tell in which styles two blocks of letters are; its ceiling is below 1 |
| `Stories` | to predict the next byte of stories that a grammar makes |

All but the stories have one form, `Task`. For SymbolSoup, `from_counts` is what one counting classifier scores. An
answer follows from the tokens up to its position, so that causal models can give it.
"""

from sessa_ref.tasks.diffuse_mqar import DiffuseMQAR
from sessa_ref.tasks.marked_recall import MarkedRecall
from sessa_ref.tasks.mqar import MQAR
from sessa_ref.tasks.needles import NEEDLES, Needles
from sessa_ref.tasks.parity import Parity
from sessa_ref.tasks.permutations import Permutations
from sessa_ref.tasks.selective_copying import SelectiveCopying
from sessa_ref.tasks.stories import Stories
from sessa_ref.tasks.symbol_soup import SymbolSoup
from sessa_ref.tasks.task import Sample, Task
from sessa_ref.tasks.variable_tracking import VariableTracking

__all__ = [
    "MQAR",
    "NEEDLES",
    "DiffuseMQAR",
    "MarkedRecall",
    "Needles",
    "Parity",
    "Permutations",
    "Sample",
    "SelectiveCopying",
    "Stories",
    "SymbolSoup",
    "Task",
    "VariableTracking",
]
