"""Tasks for sequence models: seeded, without a tokenizer, each with what guessing and what perfect memory would score.

| task | what it asks for |
|---|---|
| `marked_recall` | to name a marked token, a given number of tokens later |
"""

from sessa_ref.tasks.marked_recall import MarkedRecall, Recall

__all__ = ["MarkedRecall", "Recall"]
