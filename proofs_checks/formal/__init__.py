"""Machine-checked proofs: statements and proofs in Coq, their audit, and what it recorded for the ledger."""
