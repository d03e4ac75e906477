import pytest
import torch

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from transformers import DynamicCache

from sessa_ref.language_model import SessaCache
from tests.language_model.small import rounding, small

MASK = torch.tensor([[0, 0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1]])
IDS = torch.randint(1, 11, MASK.shape, generator=torch.Generator().manual_seed(0))


def test_tokens_in_parts_and_after_the_cache_was_changed_give_what_whole_rows_give():
    """Rows are selected, repeated and cropped, also into the padding; every row goes on as if it had been alone."""
    model = small()
    with torch.no_grad():
        near = rounding(model, IDS[1:2])
        cache = SessaCache(model.config)
        parts = [
            model(IDS[:, :3], attention_mask=MASK[:, :3], cache=cache),
            model(IDS[:, 3:], attention_mask=MASK, cache=cache),
        ]
        logits = torch.cat([part.logits for part in parts], dim=1)
        for row, real in enumerate(MASK.bool()):
            alone = model(IDS[row : row + 1, real]).logits[0]
            assert (logits[row, real] - alone).abs().max() <= near
        assert cache.get_seq_length() == 7
        assert cache.batch_size == 3
        cache.crop(-3)
        assert [layer.stored.lengths for layer in vars(cache)["layers"]] == [(2, 4, 0)] * 2
        cache.batch_select_indices(torch.tensor([2, 0]))
        cache.batch_repeat_interleave(2)
        more = model(IDS[:2, 4:].repeat_interleave(2, dim=0), cache=cache).logits
        alone = model(IDS[:1, 4:]).logits
        longer = model(torch.cat([IDS[:1, 2:4], IDS[1:2, 4:]], dim=1)).logits[:, 2:]
        assert (more[:2] - alone).abs().max() <= near
        assert (more[2:] - longer).abs().max() <= near
        assert (more[2:] - more[:2]).abs().max() > near
        cache.reset()
        assert cache.get_seq_length() == 0
        assert (model(IDS[:1, 4:], cache=cache).logits - alone).abs().max() <= near


def test_what_is_refused():
    model = small()
    cache = SessaCache(model.config)
    with pytest.raises(ValueError, match=r"no gradients: call the model under torch.no_grad\(\)"):
        model(IDS, cache=cache)
    with torch.no_grad():
        model(IDS, attention_mask=MASK, cache=cache)
        with pytest.raises(TypeError, match=r"SessaCache[\s\S]*DynamicCache"):
            model.model(IDS, cache=DynamicCache())
        with pytest.raises(ValueError, match=r"shape \(3, 8\), an entry for each token, of which 7 are in the cache"):
            model(IDS[:, :1], attention_mask=MASK[:, :3], cache=cache)
    for wrong in (1, -8):
        with pytest.raises(ValueError, match="tokens_to_remove must be -n for n of 7 tokens"):
            cache.crop(wrong)
    with pytest.raises(TypeError, match="cannot be updated with keys and values alone"):
        cache.update(torch.zeros(1), torch.zeros(1), 0)
