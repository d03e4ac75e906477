"""The ledger: every numbered statement of the paper, what was done to check it, and how strongly it holds."""
