"""The interactive figures: they follow their controls, and show what the definition in NumPy computes."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import special

from experiments.checkpoints import load_model
from experiments.results import KEPT, MODEL
from experiments.watch import traces
from sessa_ref import influence, reference
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Channels
from sessa_ref.constructions.other_side import attention_margin, ssm_margin
from sessa_ref.constructions.selective_retrieval import NAMES, column_margins, selective_retrieval
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, solve
from sessa_ref.symbolic import paths
from tests.book.built import (
    HTML,
    NEEDS_BOOK,
    PAGES,
    SETTLED,
    check_steps,
    opened,
    overflow,
    redrawn,
    use_phone,
    use_theme,
)
from tests.rounding import LIBRARY, near, roundings, solution_rounding

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = NEEDS_BOOK
RTOL = roundings(8 * 1024**2)
"""Sums of up to 1024 positive terms, of two products each, for up to 1024 tokens one after the other, on either side."""


def address(figure: str) -> str:
    """The page that holds the figure."""
    holding = [page for page in PAGES if f'data-figure="{figure}"' in (HTML / page).read_text(encoding="utf-8")]
    assert holding, f"no page of the book holds the interactive figure {figure}"
    return (HTML / holding[0]).as_uri()


def control(page: Page, figure: str, name: str) -> Locator:
    return page.locator(f'[data-figure="{figure}"] input[name="{name}"]')


def value(page: Page, figure: str, name: str) -> float:
    return float(control(page, figure, name).get_attribute("data-value") or "nan")


def press(page: Page, figure: str, name: str, *keys: str) -> float:
    """Use a slider as the keyboard does; its value afterwards."""
    for key in keys:
        control(page, figure, name).press(key)
    redrawn(page)
    return value(page, figure, name)


def curves(page: Page, figure: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the plot was given: lags and values by the curve's name."""
    given: list[dict[str, Any]] = page.evaluate(
        "(figure) => document.querySelector(`[data-figure=${figure}] .plot`).traces"
        ".map(({ name, x, y }) => ({ name, x, y }))",
        figure,
    )
    return {curve["name"]: (np.array(curve["x"]), np.array(curve["y"], dtype=float)) for curve in given}


def feedback(T: int, gamma: float, sharpness: float, tau: int = 0) -> np.ndarray:
    """The influences of token tau on the tokens after it."""
    return influence.impulse_response(influence.sharpened_routing(T, gamma, sharpness), tau)[tau + 1 :]


def check_presentation(page: Page, figure: str) -> None:
    """Everything has a name, follows the theme, and fits a phone."""
    place = page.locator(f'[data-figure="{figure}"]')
    assert place.get_attribute("aria-label")
    assert place.locator("[role=img]").first.get_attribute("aria-label")
    assert place.locator("[aria-live=polite]").inner_text().endswith(".")
    for control in place.locator("input").all():
        assert control.evaluate("(input) => [...input.labels].map((label) => label.textContent).join()")
    text = place.locator("svg text, svg .word").first
    colour = "(text) => getComputedStyle(text).fill"
    light = text.evaluate(colour)
    use_theme(page, "dark")
    assert text.evaluate(colour) != light
    use_phone(page)
    assert overflow(page) == []
    around, drawn = place.bounding_box(), place.locator("svg").first.bounding_box()
    assert around is not None
    assert drawn is not None
    assert around["x"] <= drawn["x"]
    assert drawn["x"] + drawn["width"] <= around["x"] + around["width"] + 1  # browsers lay out in fractions of a pixel
    use_theme(page, "light")
    assert text.evaluate(colour) == light


def test_impulse_response(browser: Browser) -> None:
    figure = "impulse-response"
    before = np.zeros(0)
    with opened(browser, address(figure)) as page:
        for keys in (
            {},
            {"gamma": ["Home"]},
            {"gamma": ["End"], "sharpness": ["Home"]},
            {"gamma": ["ArrowLeft"] * 7, "tau": ["ArrowRight"]},
            {"sharpness": ["ArrowRight"] * 5, "tau": ["Home"]},
            {"sharpness": ["End"], "tau": ["End"]},
        ):
            gamma, sharpness, tau = (
                press(page, figure, name, *keys.get(name, [])) for name in ("gamma", "sharpness", "tau")
            )
            shown = curves(page, figure)
            lags, influences = shown["influence"]
            assert not np.array_equal(before, influences)
            before = influences
            expected = feedback(1024, gamma, sharpness, int(tau))
            np.testing.assert_array_equal(lags, np.arange(1, 1024 - int(tau)))
            np.testing.assert_allclose(influences, expected, rtol=RTOL)
            start = gamma * np.exp(special.gammaln(tau + 1) - special.gammaln(tau + 1 + gamma))
            uniform = start * np.exp(special.gammaln(tau + lags + gamma) - special.gammaln(tau + lags + 1))
            np.testing.assert_allclose(shown["uniform routing"][1], uniform, rtol=RTOL)
            law = next(values for name, (_, values) in shown.items() if name.startswith("power law"))
            np.testing.assert_allclose(law, start * lags ** (gamma - 1), rtol=RTOL)
            at, exponents = shown["local exponent"]
            if gamma > 0:
                wanted = influence.local_exponent(at, influences[: len(at)])
                # A slope of logarithms: what they lose, over the least step of log lag.
                logarithms = np.abs(np.log(influences[: len(at)])).max() + np.abs(wanted).max() * np.log(at[-1])
                lost = roundings(4 * LIBRARY) * logarithms / np.log(at[-1] / at[-2])
                np.testing.assert_allclose(exponents, wanted, rtol=0, atol=lost)
                np.testing.assert_array_equal(expected[len(at) :], 0)
            if sharpness == 0.02 and tau == 0:
                # In the long run, says the sentence, every further token multiplies the influence by the same factor.
                factor = expected[-1] / expected[-2]
                left = np.exp(-sharpness * len(lags))  # the law misses the factor by less than that share of it
                assert factor == pytest.approx(1 - (1 - gamma) * (1 - np.exp(-sharpness)), rel=left + 2 * RTOL, abs=0)
                assert f"= {factor:.5f}" in page.locator(".reading").inner_text()
        assert (gamma, sharpness, tau) == (0.94, 10, 64)
        check_steps(page, figure)
        check_presentation(page, figure)


def test_the_curves_of_the_impulse_response_are_apart_at_first(browser: Browser) -> None:
    """At two in five lags or more, equally spaced on the axis, any two differ by half or more."""
    with opened(browser, address("impulse-response")) as page:
        shown = curves(page, "impulse-response")
    laws = [name for name in shown if name.startswith("power law")]
    heights = [np.log10(shown[name][1]) for name in ("influence", "uniform routing", *laws)]
    assert len(heights) == 3
    visible = heights[0] > np.log10(3e-5)  # the axis begins there
    at = np.unique(np.geomspace(1, visible.sum(), 60).astype(int)) - 1
    for one, other in itertools.combinations(heights, 2):
        assert np.mean(np.abs(one - other)[at] > np.log10(1.5)) > 0.4


def test_three_memories(browser: Browser) -> None:
    figure = "three-memories"
    lags = np.arange(1, 1024)
    visible = attention.causal_mask(1024)
    with opened(browser, address(figure)) as page:
        for keys in ({}, {"sharpness": ["ArrowRight"] * 5, "gamma": ["PageUp"], "rate": ["ArrowLeft"] * 4}):
            sharpness, rate, gamma = (
                press(page, figure, name, *keys.get(name, [])) for name in ("sharpness", "rate", "gamma")
            )
            shown = {name: values for name, (_, values) in curves(page, figure).items()}
            keys_of_tokens = np.zeros((1024, 1))
            keys_of_tokens[0] = sharpness
            alpha = attention.attention_weights(np.ones((1024, 1)), keys_of_tokens, visible)
            np.testing.assert_allclose(shown["attention"], alpha[1:, 0], rtol=RTOL)
            np.testing.assert_allclose(shown["state space"], np.exp(-rate * lags), rtol=RTOL)
            np.testing.assert_allclose(shown["Sessa"], feedback(1024, gamma, 0.0), rtol=RTOL)
        assert (sharpness, rate) == (2.5, 0.001)
        axis = f"document.querySelector('[data-figure={figure}] .plot').layout.xaxis.type"
        assert page.evaluate(axis) == "log"
        page.get_by_label("linear", exact=True).check()
        redrawn(page)
        assert page.evaluate(axis) == "linear"
        page.locator(f"[data-figure={figure}] .plot > svg").hover(position={"x": 300, "y": 100})
        told = page.locator(f"[data-figure={figure}] .values").inner_text().split("\n")
        lag = int(told[0].removeprefix("lag "))
        assert told[1:] == [f"{name}: {values[lag - 1]:.3g}" for name, values in shown.items()]
        check_steps(page, figure)
        check_presentation(page, figure)


def test_lasting_memory(browser: Browser) -> None:
    """Sessa's curve, with feedback and without, is that of the network itself, block by block; the rest is `other_side`."""
    figure = "lasting-memory"
    channels = Channels(7, NAMES)
    with opened(browser, address(figure)) as page:
        for keys in (
            {},
            {"k": ["ArrowRight"], "beta": ["ArrowLeft"] * 3, "horizon": ["Home", "ArrowRight"], "profile": ["truer"]},
            {"k": ["Home"], "beta": ["Home"]},
            {"k": ["End"], "beta": ["End", "ArrowLeft"], "profile": ["as printed"]},
        ):
            for option in keys.get("profile", []):
                page.get_by_label(option).check()
            k, beta, H = (press(page, figure, name, *keys.get(name, [])) for name in ("k", "beta", "horizon"))
            k, H = int(k), int(H)
            better = {"damping": 1024.0, "keep": False} if page.get_by_label("truer").is_checked() else {}
            network = selective_retrieval(k, beta, H, channels=channels, **better).network
            x = np.random.default_rng(0).uniform(-0.3, 0.3, (H + 1, 7))
            expected = {
                "Sessa": column_margins(network, channels, x, 0),
                "feedback off": column_margins(network.without_feedback(["diffuse sig"]), channels, x, 0),
                "attention": attention_margin(k, H),
                "state space": ssm_margin(k, H),
            }
            shown = curves(page, figure)
            for name, margin in expected.items():
                lags, values = shown[name]
                np.testing.assert_array_equal(lags, np.arange(1, H + 1))
                np.testing.assert_allclose(values, margin / margin[0], rtol=RTOL, err_msg=name)
            nu = k * (1 - beta) - 1
            law = next(values for name, (_, values) in shown.items() if name.startswith("slope"))
            np.testing.assert_allclose(law, shown["Sessa"][1][-1] * (np.arange(2, H + 2) / (1 + H)) ** nu, rtol=RTOL)
            assert f"= {nu:.2f}".replace("-", "−") in page.locator(".reading").inner_text()
        assert (k, beta, H) == (4, 0.9, 32)
        press(page, figure, "horizon", "End")
        assert len(curves(page, figure)["Sessa"][0]) == 1024
        check_steps(page, figure)
        check_presentation(page, figure)


def test_hops(browser: Browser) -> None:
    figure = "hops"
    layer = SessaParameters.random(SessaConfig.published(16, 2), seed=0)
    with opened(browser, address(figure)) as page:
        place = page.locator(f'[data-figure="{figure}"]')
        for source, words, keys in (
            (1, "", {}),
            (3, "", {"gamma": ["ArrowLeft"] * 20, "sharpness": ["ArrowRight"] * 6}),
            (0, "seven words of one\u2019s own <b> choice", {"gamma": ["End"], "sharpness": ["Home"]}),
        ):
            if words:
                place.locator('input[name="words"]').fill(words)
            button = place.locator(".words button").nth(source)
            button.focus()
            button.press("Enter")
            gamma, sharpness = (press(page, figure, name, *keys.get(name, [])) for name in ("gamma", "sharpness"))
            shown = place.locator(".words button").all_inner_texts()
            assert not words or shown == words.split()
            tokens = np.array(json.loads(place.locator(".drawing").get_attribute("data-tokens") or ""))
            assert tokens.shape == (len(shown), 16)
            steps = reference.trace(layer, tokens)
            B = gamma * sharpened(steps.alpha_fb, sharpness)
            reached = {
                lane: np.array(
                    json.loads(place.locator(f'.lane[data-lane="{lane}"]').get_attribute("data-reached") or "")
                )
                for lane in ("attention", "chain", "sessa")
            }
            hops = len(shown) - 1 - source
            powers = [np.linalg.matrix_power(B, k)[-1, source] for k in range(1, hops + 1)]
            np.testing.assert_allclose(reached["sessa"], powers, rtol=RTOL)
            whole = solve.forward_substitution(B, np.eye(len(shown)))[-1, source]
            assert reached["sessa"].sum() == pytest.approx(whole, rel=RTOL, abs=0)
            read = sharpened(steps.alpha_fwd[0], sharpness)[-1, source]
            np.testing.assert_allclose(reached["attention"], [read], rtol=RTOL)
            np.testing.assert_allclose(reached["chain"], [0] * (hops - 1) + [0.75**hops], rtol=RTOL)
            assert f"Sessa {whole:.3g}" in place.locator(".reading").inner_text()
        assert (gamma, sharpness) == (0.99, 0)
        place.locator("button.play").click()  # what moves is drawn anew all the time
        check_steps(page, figure)
        check_presentation(page, figure)


def test_the_words_of_hops_can_be_read_on_a_phone(browser: Browser) -> None:
    """Letters of 12 pixels and more, no word over another one, and bars that begin at one line."""
    sentences = (
        "The key I hid last spring opens this old door",
        "one two three four five six seven eight nine ten eleven twelve",
    )
    with opened(browser, address("hops")) as page:
        place = page.locator('[data-figure="hops"]')
        for use, sentence in itertools.product((redrawn, use_phone), sentences):
            use(page)
            place.locator('input[name="words"]').fill(sentence)
            redrawn(page)
            words = place.locator(".words").evaluate("""words => Array.from(words.children, (button) => {
                const text = document.createRange();
                text.selectNodeContents(button);
                const {left, right, top} = text.getBoundingClientRect();
                return {left, right, top, size: parseFloat(getComputedStyle(button).fontSize)};
            })""")
            assert len(words) == len(sentence.split())
            assert min(word["size"] for word in words) >= 12
            for row in {word["top"] for word in words}:
                inside = [word for word in words if word["top"] == row]
                assert all(one["right"] < other["left"] for one, other in itertools.pairwise(inside))
            frame = place.locator(".words").bounding_box()
            assert frame is not None
            assert frame["x"] - 1 <= words[0]["left"]
            assert words[-1]["right"] <= frame["x"] + frame["width"] + 1
            press(page, "hops", "hops", "End")
            bars = place.locator(".bars .pieces").evaluate_all(
                "bars => bars.map((bar) => Array.from(bar.children, (piece) => piece.getBoundingClientRect()).find((piece) => piece.width > 1)?.left)"
            )
            assert len([left for left in bars if left is not None]) >= 2
            assert len({left for left in bars if left is not None}) == 1


def sharpened(alpha: np.ndarray, sharpness: float) -> np.ndarray:
    """Rows of softmax for logits that are multiplied by the sharpness; rows without weights stay so."""
    powers = np.where(alpha > 0, alpha**sharpness, 0)
    return powers / np.maximum(powers.sum(axis=-1, keepdims=True), np.finfo(float).tiny)


def test_walk_backwards(browser: Browser) -> None:
    figure = "walk-backwards"
    with opened(browser, address(figure)) as page:
        place = page.locator(f'[data-figure="{figure}"]')

        def shown(name: str) -> np.ndarray:
            return np.array(json.loads(place.locator(".drawing").get_attribute(f"data-{name}") or ""))

        for routing, keys in (
            ("uniform", {"walkers": ["End"]}),
            ("chain", {"gamma": ["ArrowRight"] * 5}),
            ("earliest", {"gamma": ["Home"]}),
            ("a trained layer\u2019s", {"gamma": ["ArrowRight"] * 170}),
            ("sharp", {}),
        ):
            page.get_by_label(routing).check()
            gamma, walkers = (press(page, figure, name, *keys.get(name, [])) for name in ("gamma", "walkers"))
            rows = json.loads(place.locator(".drawing").get_attribute("data-rows") or "")
            alpha = np.array([row + [0.0] * (25 - len(row)) for row in rows])
            assert alpha[1:].sum(axis=1) == near(np.ones(24), 2 * 25)
            exact = solve.forward_substitution(gamma * alpha, np.eye(25))[-1]
            assert np.all(np.abs(shown("exact") - exact) <= 2 * solution_rounding(gamma * alpha, np.eye(25))[-1])
            # A walker brings a number of size at most 1: five standard deviations of the mean are at most 5/sqrt(n).
            fixed = routing in ("chain", "earliest")
            assert np.abs(shown("means") - exact).max() <= (RTOL if fixed else 5 / np.sqrt(walkers))
            reading = place.locator(".reading").inner_text()
            assert f"{abs(exact[0]):.3g}"[:5] in reading or abs(exact[0]) < 1e-3
            if routing == "a trained layer\u2019s":
                second, marked = trained_layer(25)
                # The first layer computed in float32, and threads may decide how it rounds: some 1e-7, times large logits.
                np.testing.assert_allclose(alpha, second.alpha_fb[0], rtol=0, atol=1e-4)
                assert f"token {marked}, which is marked, {exact[marked]:.3g}" in reading
        assert (gamma, walkers) == (0.71, 10000)
        before = shown("means")
        place.get_by_role("button", name="Walk").click()
        redrawn(page)
        assert not np.array_equal(shown("means"), before)
        check_steps(page, figure)
        check_presentation(page, figure)


def trained_layer(T: int) -> tuple[reference.Trace, int]:
    """The second layer of the model that is kept, on the first tokens of a sequence, and which of them is marked."""
    model, settings = load_model(KEPT / "recall" / "sessa-0.00300-0" / MODEL)
    recall = settings.make_task().sample(1, seed=0)
    return traces(model, recall.tokens[:, :T])[1], int(recall.positions[0, 0]) - settings.options["lag"]


def test_pulses_move_unless_no_motion_is_wanted(browser: Browser) -> None:
    place, slider = '[data-figure="hops"]', '[data-figure="hops"] input[name="hops"]'
    with opened(browser, address("hops")) as page:
        page.wait_for_function(f"document.querySelectorAll('{place} .pulse').length > 0")
        before = float(page.locator(slider).input_value())
        page.wait_for_function(f"Math.abs(document.querySelector('{slider}').value - {before}) > 0.05")
        page.locator(f"{place} button.play").click()
        redrawn(page)
        stopped = page.locator(slider).input_value()
        page.wait_for_timeout(200)
        assert page.locator(slider).input_value() == stopped
        page.emulate_media(reduced_motion="reduce")
        page.reload()
        page.wait_for_function(SETTLED)
        assert page.locator(f"{place} button.play").inner_text() == "Play"
        assert page.locator(slider).input_value() == page.locator(slider).get_attribute("max")
        assert page.locator(f"{place} .pulse").count() == 0
        pieces = page.locator(f'{place} .bars [data-lane="sessa"] .pieces span')
        assert pieces.count() == int(page.locator(slider).get_attribute("max") or 0)


def test_the_moving_figure_is_seen_without_scrolling(browser: Browser) -> None:
    with opened(browser, (HTML / "index.html").as_uri()) as page:
        for width, height, last in ((1280, 900, ".bars"), (390, 844, '.lane[data-lane="sessa"]')):
            page.set_viewport_size({"width": width, "height": height})
            redrawn(page)
            box = page.locator(f'[data-figure="hops"] {last}').bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
        code = page.locator("main pre").first.bounding_box()
        assert code is not None
        assert code["y"] > 900


def test_routes(browser: Browser) -> None:
    figure = "routes"
    with opened(browser, address(figure)) as page:
        drawing = page.locator(f'[data-figure="{figure}"] .drawing')
        logits = json.loads(drawing.get_attribute("data-logits") or "")
        for keys in (
            {},
            {"tokens": ["End"], "sharpness": ["End"]},
            {"gamma": ["Home"], "sharpness": ["Home"]},
            {"tokens": ["Home"]},
            {"tokens": ["ArrowRight"] * 2, "gamma": ["PageUp"]},
        ):
            T, gamma, sharpness = (
                press(page, figure, name, *keys.get(name, [])) for name in ("tokens", "gamma", "sharpness")
            )
            B = np.zeros((int(T), int(T)))
            for t in range(1, len(B)):
                B[t, :t] = gamma * special.softmax(sharpness * np.array(logits[t]))
            listed = weights(drawing)
            expected = {
                str(path): np.prod([B[t, j] for j, t in path.edges]) for path in paths.enumerate_paths(0, len(B) - 1)
            }
            assert listed == pytest.approx(expected, rel=RTOL, abs=0)
            assert np.all(np.diff(np.abs(list(listed.values()))) <= 0), "the list is not sorted"
            impulse = np.eye(len(B))[:, :1]
            total = solve.forward_substitution(B, impulse)[-1, 0]
            allowed = 2 * solution_rounding(B, impulse, len(listed))[-1, 0]  # routes of both signs may cancel
            assert abs(float(drawing.get_attribute("data-total") or "nan") - total) <= allowed
            assert abs(sum(listed.values()) - total) <= allowed
        for index, act in ((3, "hover"), (2, "focus"), (1, "click")):
            button = drawing.locator("button").nth(index)
            getattr(button, act)()
            stops = (button.get_attribute("data-route") or "").split(" → ")
            assert [text.text_content() for text in drawing.locator(".token.marked").all()] == stops
            assert drawing.locator(".arc.marked").count() == len(stops) - 1
            assert act == "hover" or button.get_attribute("aria-pressed") == "true"
        check_steps(page, figure)
        check_presentation(page, figure)


def weights(drawing: Locator) -> dict[str, float]:
    """The listed routes with their weights, in the list's order."""
    buttons = drawing.locator("button").all()
    return {
        button.get_attribute("data-route") or "": float(button.get_attribute("data-weight") or "nan")
        for button in buttons
    }
