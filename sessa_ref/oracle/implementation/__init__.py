"""The implementation under test: finding it, running it apart from the oracle, asking it for values."""
