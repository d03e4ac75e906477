"""Every closed formula and bound of the paper, and ours, as plain functions of numbers; no layer is run here.

| statement | where |
|---|---|
| Lemma 4.3, Proposition 10 (i): attention's routing and Jacobian | `causal_attention` |
| Propositions 4 and 5, Lemma 4.4, Remark C.2: selective state-space models | `selective_ssm` |
| Lemmas 4.2 and D.2, Remark D.1, Proposition 25 (52): stability; sharper bounds of ours | `stability` |
| Assumption 6 (32), Lemma C.1, Theorems 8 and 28 (62): diffuse routing and its tails; sharper ones of ours | `diffuse_routing` |
| Lemma B.6, Theorem 23, Corollary B.7: the Jacobian tail of one block; ours without the logarithm | `jacobian_tails` |
| Lemma F.1 (67), Proposition 29, Corollaries F.2 (71) and F.3, Lemma 4.10, Corollary I.8: uniform routing, position codes | `uniform_routing` |
| the same, derived for symbols | `derivations` |
| Definition 9, Lemma G.1, Theorem 30: convolutions of power laws; best constants of ours | `convolution` |
| Theorems 11, 31 and 35, Lemma H.1, Propositions 32 to 34, Corollaries 4.7 and H.2: stacks; sharper bounds of ours | `depth` |
| Definition 5, Theorem 12: profiles, margins; a selector of ours | `retrieval` |
| weights that only the key decides, sharpened and predecessor routing; ours | `key_routing` |
"""
