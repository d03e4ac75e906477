"""Path sums for the eye: `expansion` sorts them by hops, then as text, LaTeX or pictures."""
