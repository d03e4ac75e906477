"""The layer to look into: every picture holds what the definition in NumPy computes, and says where it comes from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from experiments.checkpoints import load_model
from experiments.results import KEPT, MODEL
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference.solve import forward_substitution
from tests.book.built import HTML, NEEDS_BOOK, check_steps, opened, overflow, redrawn, use_phone, use_theme
from tests.rounding import assert_all_equal_but_for_rounding

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = NEEDS_BOOK
ADDRESS = (HTML / "layer" / "look-into-a-layer.html").as_uri()
CONFIG = SessaConfig.published(8, 2)
PLACE = '[data-figure="look-into"]'
Tables = dict[str, list[list[float]]]


@pytest.fixture(scope="module")
def loaded(browser: Browser) -> Iterator[Page]:
    with opened(browser, ADDRESS) as page:
        yield page


@pytest.fixture
def page(loaded: Page) -> Page:
    """The page as it is at first."""
    use_theme(loaded, "light")
    loaded.set_viewport_size({"width": 1280, "height": 900})
    loaded.get_by_role("button", name="Start over").click()
    return loaded


def tables(page: Page) -> Tables:
    """The numbers of every picture, row by row."""
    redrawn(page)
    return page.evaluate(
        f"() => Object.fromEntries([...document.querySelectorAll('{PLACE} .map')].map((m) => [m.dataset.name, m.rows]))"
    )


def moved(page: Page) -> dict[str, int]:
    redrawn(page)
    return page.evaluate(
        f"""() => Object.fromEntries([...document.querySelectorAll('{PLACE} .map')].map((map) =>
            [map.dataset.name, Number(map.dataset.moved)]))"""
    )


def filled(rows: list[list[float]], T: int) -> np.ndarray:
    """Rows that end where a token sees nothing more, as a square matrix."""
    matrix = np.zeros((T, T))
    for t, row in enumerate(rows):
        matrix[t, : len(row)] = row
    return matrix


def check(shown: Tables, config: SessaConfig) -> None:
    """Every picture of an intermediate holds the reference's numbers for the parameters and tokens that are shown."""
    arrays = {name: np.array(rows, dtype=float) for name, rows in shown.items() if "." in name}
    shapes = {name: array.shape for name, array in SessaParameters.random(config).items()}
    parameters = SessaParameters(config, {name: array.reshape(shapes[name]) for name, array in arrays.items()})
    x = np.array(shown["x"], dtype=float)
    T = len(x)

    def intermediates(x: np.ndarray) -> dict[str, np.ndarray]:
        steps = reference.trace(parameters, x)
        found = {name: getattr(steps, name) for name in ("n", "a", "g", "u", "o", "f", "q_fb", "k_fb", "s", "y")}
        for name in ("q", "k", "v", "q_rotated", "k_rotated"):
            found[name] = getattr(steps, name).swapaxes(0, 1).reshape(T, -1)
        found |= {"gamma": steps.gamma[:, None], "alpha_fb": steps.alpha_fb, "B": steps.B}
        found |= {f"alpha_fwd {head}": weights for head, weights in enumerate(steps.alpha_fwd)}
        power = steps.B
        for k in range(2, T):
            power = found[f"B^{k}"] = power @ steps.B
        return found | {"K": forward_substitution(steps.B, np.eye(T) + 0 * steps.B)}

    between = {name for name in shown if name.startswith(("alpha", "B", "K"))}
    pictured = {
        name: filled(rows, T) if name in between else np.array(rows)
        for name, rows in shown.items()
        if name not in {*arrays, "x"}
    }
    assert_all_equal_but_for_rounding(intermediates, x, pictured)


def picture(page: Page, name: str) -> Locator:
    return page.locator(f'{PLACE} [data-name="{name}"]')


def choose(page: Page, name: str, row: int, col: int) -> None:
    """Go to a number with the arrow keys, from the first row that has numbers."""
    picture(page, name).evaluate(
        """(map, [row, col]) => {
            const canvas = map.querySelector('canvas');
            const press = (key, times) => {
                for (let i = 0; i < times; i++) canvas.dispatchEvent(new KeyboardEvent('keydown', { key }));
            };
            canvas.focus();
            press('ArrowUp', map.rows.length);
            press('ArrowDown', row - map.rows.findIndex((row) => row.length));
            press('ArrowLeft', 99);
            press('ArrowRight', col);
        }""",
        [row, col],
    )


def set_value(page: Page, value: float) -> None:
    page.locator(f'{PLACE} input[name="typed"]').fill(str(value))
    redrawn(page)


def test_every_intermediate_is_the_references(page: Page) -> None:
    first = tables(page)
    model, settings = load_model(KEPT / "tiny" / "sessa-0.01000-0" / MODEL)
    recall = settings.make_task().sample(1, seed=0)
    assert first["x"] == model.embedding.weight[recall.tokens[0, :6]].tolist()
    check(first, CONFIG)

    choose(page, "mixer.gamma_ctx.weight", 0, 3)
    set_value(page, 1.25)
    shown = tables(page)
    assert shown["mixer.gamma_ctx.weight"][0][3] == 1.25
    assert shown["mixer.gamma_ctx.weight"][0][2] == first["mixer.gamma_ctx.weight"][0][2]
    check(shown, CONFIG)
    changed = moved(page)
    assert changed["f"] == changed["alpha_fb"] == 0
    assert changed["gamma"] == 6
    assert changed["B"] == 15

    choose(page, "x", 3, 5)
    page.keyboard.press("Enter")  # from the number to its slider, and back
    page.keyboard.press("ArrowRight")
    shown, before = tables(page), shown
    assert shown["x"][3][5] > before["x"][3][5]
    check(shown, CONFIG)
    assert moved(page)["n"] == 8
    for name in ("n", "f", "B", "B^2", "K", "s", "y"):
        assert shown[name][:3] == before[name][:3]
        assert shown[name][3] != before[name][3]
    page.keyboard.press("Escape")
    assert picture(page, "x").locator("canvas").evaluate("(canvas) => canvas === document.activeElement")

    page.locator(f'{PLACE} input[name="tokens"]').press("End")
    shown = tables(page)
    assert len(shown["x"]) == 12
    check(shown, CONFIG)
    page.locator(f'{PLACE} input[name="words"]').fill("two words")
    check(tables(page), CONFIG)
    page.locator(f'{PLACE} input[name="words"]').fill("")
    page.get_by_role("button", name="Start over").click()
    assert tables(page) == first


def test_what_is_common_to_all_logits_moves_nothing_else(page: Page) -> None:
    """The bias of the feedback's keys: differences that are rounding do not count as moves."""
    choose(page, "mixer.proj_fb.bias", 0, 12)
    set_value(page, -1.5)
    assert {name: count for name, count in moved(page).items() if count} == {"mixer.proj_fb.bias": 1, "k_fb": 6}


def test_decoding_leaves_the_earlier_numbers(page: Page) -> None:
    before = tables(page)
    button = page.get_by_role("button", name="Decode the next token")
    for T in range(7, 13):
        button.press("Enter")
        shown = tables(page)
        check(shown, CONFIG)
        assert len(shown["x"]) == T
        for name, rows in before.items():
            assert shown[name][: len(rows)] == rows, name
        assert "0 moved" in page.locator(f"{PLACE} .reading").inner_text()
        assert page.locator(f'{PLACE} input[name="tokens"]').get_attribute("data-value") == str(T)
        before = shown
    assert button.is_disabled()


def test_where_numbers_come_from(page: Page) -> None:
    """Outlined are the rows and columns whose numbers make the chosen one."""
    blocks = {
        ("a", 2, 3): {"n": (2, 0, 1, 8), "W_in.weight": (3, 0, 1, 8), "W_in.bias": (0, 3, 1, 1)},
        ("g", 2, 3): {"n": (2, 0, 1, 8), "W_in.weight": (11, 0, 1, 8), "W_in.bias": (0, 11, 1, 1)},
        ("k_fb", 1, 6): {"u": (1, 0, 1, 8), "mixer.proj_fb.weight": (14, 0, 1, 8), "mixer.proj_fb.bias": (0, 14, 1, 1)},
        ("k_rotated", 4, 7): {"k": (4, 6, 1, 2)},
        ("alpha_fwd 1", 4, 2): {"q_rotated": (4, 4, 1, 4), "k_rotated": (2, 4, 1, 4)},
        ("o", 3, 6): {"alpha_fwd 1": (3, 0, 1, 4), "v": (0, 6, 4, 1)},
        ("alpha_fb", 4, 2): {"q_fb": (4, 0, 1, 8), "k_fb": (2, 0, 1, 8)},
        ("B", 4, 2): {"gamma": (4, 0, 1, 1), "alpha_fb": (4, 2, 1, 1)},
        ("B^3", 5, 1): {"B": (5, 3, 1, 2), "B^2": (3, 1, 2, 1)},
        ("K", 3, 1): {"B": (3, 1, 1, 1), "B^2": (3, 1, 1, 1)},
        ("s", 3, 6): {"f": (3, 6, 1, 1), "B": (3, 0, 1, 3), "s": (0, 6, 3, 1)},
        ("y", 3, 6): {
            "x": (3, 6, 1, 1),
            "s": (3, 0, 1, 8),
            "g": (3, 0, 1, 8),
            "W_out.weight": (6, 0, 1, 8),
            "W_out.bias": (0, 6, 1, 1),
        },
    }
    shown = tables(page)
    for (name, row, col), expected in blocks.items():
        choose(page, name, row, col)
        marks = page.evaluate(
            f"""() => [...document.querySelectorAll('{PLACE} .source')].map((mark) =>
                [mark.closest('.map').dataset.name, mark.dataset.block])"""
        )
        assert {source: tuple(map(int, block.split())) for source, block in marks} == expected, name
        assert picture(page, name).locator(".chosen").get_attribute("data-block") == f"{row} {col} 1 1"
        reading = page.locator(f"{PLACE} .reading").inner_text()
        value = shown[name][row][col]
        assert f"{abs(value):.3g}" in reading, reading
        assert f"token {row}" in reading
    # A pointer shows a number for as long as it is there.
    before = page.locator(f"{PLACE} .reading").inner_text()
    picture(page, "f").locator("canvas").hover(position={"x": 30, "y": 30})
    assert page.locator(f"{PLACE} .reading").inner_text() != before
    page.mouse.move(0, 0)
    assert page.locator(f"{PLACE} .reading").inner_text() == before


def load(page: Page, file: Path) -> None:
    details = page.locator(f"{PLACE} details")
    details.evaluate("(details) => { details.open = true; }")
    page.locator(f'{PLACE} input[name="layer"]').set_input_files(file)  # which is read in the background


def use_tokens(page: Page, text: str) -> None:
    page.locator(f"{PLACE} details").evaluate("(details) => { details.open = true; }")
    page.locator(f'{PLACE} textarea[name="typed-tokens"]').fill(text)
    page.get_by_role("button", name="Use these tokens").click()


def test_own_layer_and_tokens(page: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    grouped = dataclasses.replace(SessaConfig.published(12, 2, 1, gamma_max=0.9), norm_eps=0.01)
    others = [grouped, SessaConfig.paper(width=6, query_width=4), SessaConfig.published(32, 4)]
    for config in others:
        file = tmp_path / f"{config.width}.safetensors"
        SessaParameters.random(config, 5).save(file)
        load(page, file)
        page.wait_for_function(f"document.querySelector('{PLACE} [data-name=n]').rows[0].length === {config.width}")
        x = rng.normal(size=(5, config.width))
        use_tokens(page, json.dumps(x.tolist()))
        shown = tables(page)
        assert page.locator(f"{PLACE} .problem").inner_text() == ""
        np.testing.assert_array_equal(shown["x"], x)
        check(shown, config)
    x = rng.normal(size=(2, 32))
    use_tokens(page, "\n".join(" ".join(map(repr, row.tolist())) for row in x))
    np.testing.assert_array_equal(tables(page)["x"], x)

    # A published state_dict has no config, and buffers besides.
    published = SessaConfig.published(8, 4, 2)
    arrays = SessaParameters.random(published, 6).state_dict(np.float32)
    save_file(arrays | {"mixer.causal_mask_f_full": np.ones((3, 3), bool)}, tmp_path / "published.safetensors")
    page.locator(f'{PLACE} input[name="heads"]').fill("4")
    load(page, tmp_path / "published.safetensors")
    page.wait_for_function(f"document.querySelector('{PLACE} [data-name=n]').rows[0].length === 8")
    check(tables(page), published)


def test_what_does_not_fit_is_one_clear_line(page: Page, tmp_path: Path) -> None:
    wide = SessaConfig.published(80, 2)
    arrays = SessaParameters.random(CONFIG, 0).state_dict(np.float32)
    save_file(arrays, tmp_path / "two.safetensors")
    save_file({"a.weight": arrays["ln.weight"]}, tmp_path / "other.safetensors")
    save_file(arrays | {"ln.weight": np.full(8, np.nan, np.float32)}, tmp_path / "nan.safetensors")
    SessaParameters.random(wide, 0).save(tmp_path / "wide.safetensors")
    (tmp_path / "text.safetensors").write_text("not a layer at all", encoding="utf-8")
    files = {
        "text": "is not safetensors",
        "other": "the file holds no layer of the published layout: it holds a.weight",
        "two": "has an output projection, so it has more than one head",
        "wide": "there is room for layers up to width 64, got 80",
    }
    tokens = {
        "[[1, 2]]": "token 0 must hold 8 numbers, as the layer is 8 wide, got 2",
        "1 2 3": "token 0 must hold 8 numbers, as the layer is 8 wide, got 3",
        "[1, 2]": "token 0 must hold 8 numbers",
        "[[1,": "tokens must be JSON",
        "": "tokens must be an array of arrays of numbers, or lines of numbers",
        "1 2 3 4 5 6 7 x": "number 7 of token 0 must be a finite number, got NaN",
        "\n".join(["1 2 3 4 5 6 7 8"] * 17): "there is room for 16 tokens, got 17",
    }
    problem = page.locator(f"{PLACE} .problem")
    before = tables(page)
    for name, message in files.items():
        load(page, tmp_path / f"{name}.safetensors")
        problem.get_by_text(message).wait_for()
        assert "\n" not in problem.inner_text()
    page.locator(f'{PLACE} input[name="heads"]').fill("2")
    load(page, tmp_path / "nan.safetensors")
    problem.get_by_text("ln.weight must hold finite numbers").wait_for()
    for text, message in tokens.items():
        use_tokens(page, text)
        assert message in problem.inner_text()
    assert tables(page) == before, "what was there before stays"
    use_tokens(page, "1 2 3 4 5 6 7 8")
    assert problem.inner_text() == ""


def test_steps_are_quick(page: Page) -> None:
    choose(page, "W_in.weight", 5, 2)
    page.locator(f'{PLACE} input[name="tokens"]').press("End")
    check_steps(page, "look-into")


def test_everyone_can_use_it(page: Page) -> None:
    """Names for all that can be reached, a picture for each theme, and room on a phone."""
    pixels = "(canvas) => canvas.toDataURL()"
    place = page.locator(PLACE)
    assert place.get_attribute("aria-label")
    for canvas in place.locator("canvas").all():
        assert "arrow keys" in (canvas.get_attribute("aria-label") or "")
        assert canvas.get_attribute("tabindex") == "0"
    for field in place.locator("input, textarea").all():
        assert field.evaluate("(input) => [...input.labels].map((label) => label.textContent).join()")
    assert place.locator("[aria-live=polite]").inner_text().endswith(".")
    canvas = picture(page, "s").locator("canvas")
    light = canvas.evaluate(pixels)
    use_theme(page, "dark")
    assert canvas.evaluate(pixels) != light
    use_phone(page)
    assert overflow(page) == []
    for drawn in place.locator("canvas").all():
        box = drawn.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    # The line on the chosen number stays in view while its pictures scroll.
    picture(page, "alpha_fb").scroll_into_view_if_needed()
    box = place.locator(".reading").bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 844 - box["height"]


@pytest.mark.parametrize("name", ["s", "W_in.weight"])
def test_a_picture_shows_signs_and_sizes(page: Page, name: str) -> None:
    """The largest number has the full colour of its sign, and 0 none."""
    colours = {1: (0, 114, 178), -1: (213, 94, 0)}
    rows = np.array(tables(page)[name])
    canvas = picture(page, name).locator("canvas")
    row, col = np.unravel_index(np.abs(rows).argmax(), rows.shape)
    size, margin = (20, 18) if name == "s" else (10, 0)
    found = canvas.evaluate(
        "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)",
        [int(margin + col * size + size / 2), int(row * size + size / 2)],
    )
    assert tuple(found) == colours[int(np.sign(rows[row, col]))]
