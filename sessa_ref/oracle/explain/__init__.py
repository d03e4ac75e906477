"""What a failing implementation does wrong: which mistake explains its values, and how it behaves."""
