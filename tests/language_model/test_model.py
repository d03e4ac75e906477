import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from transformers import AutoModelForCausalLM, ByT5Tokenizer, Trainer, TrainingArguments

from sessa_ref.language_model import SessaForCausalLM, SessaModel, SessaModelConfig
from sessa_ref.language_model.cache import SessaCache, SessaCacheLayer
from tests.language_model.small import rounding, small
from tests.rounding import LIBRARY, roundings


def tokens(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(1, 11, shape, generator=torch.Generator().manual_seed(seed))


def test_logits_are_the_layers_between_embedding_and_head():
    model, ids = small(tie_word_embeddings=True), tokens(2, 6)
    x = model.model.embed_tokens(ids)
    for layer in model.model.layers:
        x = layer(x)
    outputs = model(ids, labels=ids, output_hidden_states=True)
    assert torch.equal(outputs.logits, model.model.norm(x) @ model.model.embed_tokens.weight.T)
    assert len(outputs.hidden_states) == 3
    wanted = torch.nn.functional.cross_entropy(outputs.logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten())
    assert torch.equal(outputs.loss, wanted)
    assert torch.equal(model(ids, logits_to_keep=1, return_dict=False)[0], model(ids).logits[:, -1:])


@settings(max_examples=4)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.sampled_from(["left", "right"]))
def test_padding_changes_nothing(lengths, side):
    model, T = small(), max(lengths)
    ids = tokens(len(lengths), T)
    behind = torch.arange(T) >= T - torch.tensor(lengths)[:, None]
    mask = behind if side == "left" else behind.flip(1)
    with torch.no_grad():
        padded = model(ids.masked_fill(~mask, 0), attention_mask=mask.long()).logits
        for row, real in enumerate(mask):
            alone = ids[row : row + 1, real]
            assert (padded[row, real] - model(alone).logits[0]).abs().max() <= rounding(model, alone)


PROMPTS = {"input_ids": tokens(3, 5), "attention_mask": torch.tensor([[1] * 5, [0, 0, 0, 1, 1], [0, 1, 1, 1, 1]])}


@pytest.mark.parametrize(
    "how",
    [{}, {"do_sample": True, "top_k": 0, "num_return_sequences": 2}, {"num_beams": 3}, {"prefill_chunk_size": 2}],
    ids=["greedy", "sampling", "beams", "prompt in parts"],
)
def test_generation_with_the_cache_is_that_without(how):
    """Also the same as of each prompt alone, without padding, where nothing is drawn."""
    model = small(initializer_range=3.0)
    found = []
    for use_cache in (True, False) if "prefill_chunk_size" not in how else (True,):
        torch.manual_seed(0)
        found.append(model.generate(**PROMPTS, max_new_tokens=8, use_cache=use_cache, **how))
    assert torch.equal(found[0], found[-1])
    if "do_sample" not in how:
        for row, real in zip(range(3), PROMPTS["attention_mask"].bool(), strict=True):
            alone = model.generate(PROMPTS["input_ids"][row : row + 1, real], max_new_tokens=8, **how)
            assert torch.equal(alone[0, int(real.sum()) :], found[0][row, 5:])


def test_beams_need_their_rows_reordered(monkeypatch):
    """Otherwise beams are scored as if they went on from others."""
    model, how = small(), {"max_new_tokens": 8, "num_beams": 4, "output_scores": True, "return_dict_in_generate": True}
    right, without = (
        model.generate(**PROMPTS, **how, use_cache=use_cache).sequences_scores for use_cache in (True, False)
    )
    # Scores are in float32: means of 8 logarithms of probabilities, each of 11 exponentials, of numbers up to 5.
    near = 2 * 5 * roundings(8 + 11 + 2 * LIBRARY + 5, "float32")
    assert (right - without).abs().max() <= near
    monkeypatch.setattr(SessaCacheLayer, "reorder_cache", lambda self, beam_idx: None)
    assert (model.generate(**PROMPTS, **how).sequences_scores - without).abs().max() > near


def test_guessed_tokens_are_taken_back():
    """Assisted decoding crops the cache where a guess was wrong; the result is that of greedy decoding."""
    model, prompt = small(), torch.tensor([[3, 4, 5, 3, 4]])
    greedy = model.generate(prompt, max_new_tokens=10)
    assert torch.equal(model.generate(prompt, max_new_tokens=10, prompt_lookup_num_tokens=3), greedy)


def test_gradient_checkpointing_computes_twice_and_the_same():
    ids, mask = tokens(2, 7), torch.tensor([[0, 0, 1, 1, 1, 1, 1], [1] * 7])
    found = {}
    for checkpointing in (False, True):
        model, calls = small().train(), []
        if checkpointing:
            model.activation_checkpointing_enable()
        model.model.layers[0].get_submodule("mixer").register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        model(ids, attention_mask=mask, labels=ids).loss.backward()
        found[checkpointing] = len(calls), [parameter.grad for parameter in model.parameters()]
    assert (found[False][0], found[True][0]) == (1, 2)
    assert all(torch.equal(a, b) for a, b in zip(found[False][1], found[True][1], strict=True))


def test_trainer_trains_and_what_it_saves_is_loaded(tmp_path):
    text = b"the cat sat on the mat. " * 4
    tokenizer = ByT5Tokenizer(extra_ids=0, padding_side="left")
    rows = [{"input_ids": [byte + 3 for byte in text[i : i + 32]]} for i in range(24)]
    rows = [{**row, "labels": row["input_ids"]} for row in rows]
    torch.manual_seed(0)
    model = SessaForCausalLM(SessaModelConfig(hidden_size=16, num_attention_heads=2))
    settings = TrainingArguments(
        tmp_path / "run", max_steps=12, per_device_train_batch_size=8, learning_rate=1e-2, logging_steps=1,
        save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True, gradient_accumulation_steps=2,
    )  # fmt: skip
    trainer = Trainer(model, settings, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    # Logits start with a variance of 1/3, which adds 1/6. The text's letters are as uneven as 7 of the same frequency, so
    # that their mean logit has a standard deviation of 0.22, here taken thrice.
    assert losses[0] == pytest.approx(math.log(259) + 1 / 6, abs=3 * 0.22)
    assert losses[-1] < losses[0] - 1.5
    trainer.save_model(tmp_path / "model")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert type(loaded) is SessaForCausalLM
    ids = torch.tensor([rows[0]["input_ids"]])
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, model.eval()(ids).logits)
        base = SessaModel.from_pretrained(tmp_path / "model")
        assert torch.equal(base(ids).last_hidden_state, model.model(ids).last_hidden_state)


def test_bad_checkpoints_are_one_line(tmp_path):
    model = small()
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    whole, tensors = file.read_bytes(), load_file(file)

    def refused(message, **arguments):
        with pytest.raises((ValueError, OSError), match=message) as raised:
            SessaForCausalLM.from_pretrained(tmp_path, **arguments)
        assert "\n" not in str(raised.value)

    def save(**changed):
        left = {name: value for name, value in {**tensors, **changed}.items() if value is not None}
        save_file(left, file, {"format": "pt"})

    file.write_bytes(whole[:-5])
    refused("the weights in .* must be a safetensors file: Error while deserializing header")
    save(**{"lm_head.weight": None})
    refused("lack 1 parameters: lm_head.weight")
    save(**{"lm_head.weight": torch.zeros(3, 12)})
    refused(r"lm_head.weight of the weights in .* must have shape \(11, 12\), got \(3, 12\)")
    save(**{"model.layers.9.norm.weight": torch.zeros(12)})
    refused("have 1 parameters that the config's model lacks: model.layers.9.norm.weight")
    name = "model.layers.0.mixer.rope_inv_freq"
    save(**{name: 2 * tensors[name]})
    refused("are for other rotary frequencies than those of the config")
    file.write_bytes(whole)
    refused("use_safetensors must be True", use_safetensors=False)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_sizes": 3}))
    refused("SessaModelConfig has no field hidden_sizes")
    with pytest.raises(OSError, match="there is no folder nowhere"):
        SessaModel.from_pretrained("nowhere")
    file.unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    refused("no file named model.safetensors")


def test_bad_arguments():
    model, ids = small(), tokens(2, 4)
    for arguments in ({}, {"input_ids": ids, "inputs_embeds": torch.zeros(2, 4, 12, dtype=torch.double)}):
        with pytest.raises(ValueError, match="give either input_ids or inputs_embeds, and not both"):
            model(**arguments)
    with pytest.raises(
        ValueError, match=r"attention_mask must have shape \(2, 4\), an entry for each token, got \(2, 5\)"
    ):
        model(ids, attention_mask=torch.ones(2, 5, dtype=torch.long))
    with pytest.raises(ValueError, match="attention_mask must be a tensor of booleans, or of 0 and 1"):
        model(ids, attention_mask=torch.arange(8).reshape(2, 4))
    for layers in (1, 3):
        with torch.no_grad(), pytest.raises(ValueError, match=f"cache must be for 2 layers, got one for {layers}"):
            model(ids, cache=SessaCache(SessaModelConfig(num_hidden_layers=layers)))
    with pytest.raises(TypeError, match="unexpected keyword argument 'position_ids'"):
        model(ids, position_ids=torch.arange(4)[None])
