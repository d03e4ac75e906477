"""Tasks for sequence models: seeded, without a tokenizer, each with what guessing and what perfect memory would score.

| task | what it asks for |
|---|---|
| `marked_recall` | to name a marked token, a given number of tokens later |
| `stories` | to predict the next byte of stories that a grammar makes |
"""

from sessa_ref.tasks.marked_recall import MarkedRecall, Recall
from sessa_ref.tasks.stories import Stories

__all__ = ["MarkedRecall", "Recall", "Stories"]
