"""SymbolSoup: two blocks of letters, each in one of a few styles, between blocks of noise; which two styles are they?

The process of the Sessa paper's long-context benchmark (section 5.1.1), as its published generator has it, restated.

A style has four primary and four secondary letters out of sixteen. It prefers these letters, some pairs of them, and
*motifs*, runs of three to five neighbouring letters of the alphabet, that contain many of them. A block of n letters
grows from the left. As long as at least three letters are still to be made, a motif that fits is appended with
probability 0.3, drawn by weight: 1, and 0.9 for each primary and 0.5 for each secondary letter in it. Else one letter
is: with weight 3, 2 or 1 for primary, secondary and other ones, times 4 if the style prefers it after the letter
before. In the end each letter is replaced by a different one with probability 0.03.

The label is a pair of one of 4 left and one of 5 right styles, all 20 equally likely. The number M of letters is
uniform in the range that the bounds on the length allow. From 0.3 M to 0.6 M of them, rounded down and at least 3, are
noise, split at random into three blocks, and the rest is split at random into the two styled ones, whose order is
random. Noise is uniform. A sequence is

    <bos> noise <sep1> block <sep2> noise <sep1> block <sep2> noise <sep> <label>

Letters stand apart by a space and everything else by a line break, and these are tokens, too. So there are 2 M + 13
tokens, half of them white space. The answer is due at `<label>`; behind it, shorter sequences have padding, which is
ours. In the published sets every label is equally frequent; here labels are drawn.

Chance is 1/20. The ceiling is below 1, because styles overlap and blocks may be short: `posterior` computes the exact
probability of every label, and `measure` the accuracy that follows.
"""

from sessa_ref.tasks.symbol_soup.inference import Accuracy, posterior
from sessa_ref.tasks.symbol_soup.task import SymbolSoup, measure

__all__ = ["Accuracy", "SymbolSoup", "measure", "posterior"]
