"""Each function encloses mpmath's value of the same formula, and misses a bent one."""

import flint
import mpmath
import numpy as np
import pytest
from flint import arb

from sessa_ref.certified import balls, functions
from sessa_ref.config import SessaConfig
from sessa_ref.reference import rotary

NUMBERS = [-40.0, -6.5, -1.0, -1e-9, 0.0, 1e-300, 0.3, 2.0, 9.0]


def contains(ball, value):
    """Whether the ball, widened by mpmath's error at 400 bits, contains the mpmath number."""
    return ball.overlaps(arb(mpmath.nstr(value, 110)) * arb(1, 2.0**-300))


def phi(a):
    return mpmath.erfc(-a / mpmath.sqrt(2)) / 2


@pytest.mark.parametrize("bits", [53, 128, 256])
@pytest.mark.parametrize("number", NUMBERS)
def test_gelu(number, bits):
    with mpmath.workprec(400), flint.ctx.workprec(bits):
        a = mpmath.mpf(number)
        assert contains(functions.gelu(arb(number)), a * phi(a))
        derivative = phi(a) + a * mpmath.npdf(a)
        assert contains(functions.gelu_derivative(arb(number)), derivative)
        # exp(-a^2 / 2) at a = -40 loses ten bits, the binary logarithm of 800; the operations around it lose a few.
        assert functions.gelu(arb(number)).rel_accuracy_bits() >= bits - 20 or number == 0
        tanh_form = a * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (a + 0.044715 * a**3))) / 2
        if number not in (0.0, 1e-300, -1e-9) and bits > 53:
            assert not contains(functions.gelu(arb(number)), tanh_form)


def test_standardize():
    x = np.random.default_rng(0).normal(size=(2, 5)) + 3
    with mpmath.workprec(400), flint.ctx.workprec(128):
        found = functions.standardize(balls.exact(x), 1e-5)
        for row, standard, scale in zip(x, found.values.tolist(), found.scales, strict=True):
            numbers = [mpmath.mpf(v) for v in row]
            mean = sum(numbers) / 5
            variance = sum((v - mean) ** 2 for v in numbers) / 5
            root = 1 / mpmath.sqrt(variance + mpmath.mpf(1e-5))
            assert contains(scale, root)
            assert all(contains(ball, (v - mean) * root) for ball, v in zip(standard, numbers, strict=True))
            assert not contains(scale, 1 / mpmath.sqrt(variance * 5 / 4 + mpmath.mpf(1e-5))), "unbiased"
            assert not contains(scale, 1 / mpmath.sqrt(variance)), "no eps"


def test_exact_angles():
    config = SessaConfig.published(12, 1)
    with mpmath.workprec(400), flint.ctx.workprec(128):
        theta = functions.angles(config, 5).tolist()
        for t in range(5):
            for r in range(6):
                assert contains(theta[t][r], t * mpmath.mpf(10000) ** (mpmath.mpf(-2 * r) / 12))
        rounded = rotary.angles(SessaConfig.published(12, 1, rotary_dtype="float32"), np.arange(5.0))
        assert not theta[4][1].contains(arb(rounded[4, 1]))


def test_float32_frequencies_are_those_of_the_definition():
    """Exact float32 numbers: the true powers of the base, correctly rounded where exponents are float32 numbers."""
    config = SessaConfig.published(16, 1, rotary_dtype="float32")
    with flint.ctx.workprec(128):
        theta = functions.angles(config, 3).tolist()
        for r, frequency in enumerate(theta[1]):
            number = float(frequency.mid())
            assert frequency.is_exact()
            assert number == np.float32(number)
            true = arb(10000.0) ** arb(float(np.float32(-2 * r / 16)))
            neighbours = [float(np.nextafter(np.float32(number), np.float32(s * np.inf))) for s in (-1, 1)]
            assert all(abs(true - arb(number)) <= abs(true - arb(n)) for n in neighbours)
            assert theta[2][r] == 2 * frequency


def test_rotation_turns_pairs():
    with mpmath.workprec(400), flint.ctx.workprec(128):
        z, theta = balls.exact(np.array([[1.0, 2.0, -3.0, 0.5]])), balls.exact(np.array([[0.7, 2.0]]))
        turned = functions.rotate(z, theta).entries()
        for pair, (even, odd, angle) in enumerate(((1, 2, 0.7), (-3, 0.5, 2.0))):
            cos, sin = mpmath.cos(angle), mpmath.sin(angle)
            assert contains(turned[2 * pair], even * cos - odd * sin)
            assert contains(turned[2 * pair + 1], even * sin + odd * cos)
        back = functions.rotate(functions.rotate(z, theta), -theta)
        assert back.contains(z)


@pytest.mark.parametrize("nearest", [0, 1])
@pytest.mark.parametrize("scale", [1.0, 3000.0])
def test_softmax(nearest, scale):
    generator = np.random.default_rng(1)
    q, k = scale * generator.normal(size=(4, 3)), generator.normal(size=(4, 3))
    with mpmath.workprec(4000), flint.ctx.workprec(128):
        weights = functions.attention_weights(balls.exact(q), balls.exact(k), nearest).tolist()
        for t in range(4):
            visible = range(t + 1 - nearest)
            logits = [
                sum(mpmath.mpf(a) * mpmath.mpf(b) for a, b in zip(q[t], k[j], strict=True)) / mpmath.sqrt(3)
                for j in visible
            ]
            exponentials = [mpmath.exp(logit) for logit in logits]
            for j in range(4):
                true = exponentials[j] / sum(exponentials) if j in visible else mpmath.mpf(0)
                assert contains(weights[t][j], true)
            if visible:
                assert sum(weights[t], arb(0)).contains(1)


def test_logits_whose_exponentials_no_ball_holds():
    tokens = balls.exact(np.full((2, 1), 1e150))
    with flint.ctx.workprec(128):  # in which the logits are exact
        assert not arb(1e300).exp().is_finite()
        weights = functions.attention_weights(tokens, tokens, 0)
    assert [weights[1, j] == arb(0.5) for j in range(2)] == [True, True]


def test_rotations_have_an_angle_for_every_token_and_pair():
    z = balls.exact(np.ones((3, 4)))
    for shape in ((2, 2), (4, 2), (3, 1), (3, 3)):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            functions.rotate(z, balls.exact(np.zeros(shape)))
