"""A language model of bytes, trained on stories whose entropy is known, or on a text of one's own."""
