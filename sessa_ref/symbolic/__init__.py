"""The solve as a sum over paths, with SymPy: s_t = sum over all increasing paths from tau to t of weight * f_tau.

One file for each view of the same thing: `routing` (the matrix B), `series` (powers, Neumann series, inverse),
`paths` (the paths themselves), `hops` (how many steps an influence took), `derivatives` (products of two path sums),
`expansion`, `text` and `latex` (for reading). Closed forms are in `sessa_ref.theory`.

Matrices are SymPy's and indices begin at 0, as in the paper. Every function of a matrix B takes numbers as well.
"""
