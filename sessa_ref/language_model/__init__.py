"""Language models of Sessa layers for Hugging Face `transformers`; needs the extra `transformers`.

Importing this registers them: `AutoConfig`, `AutoModel` and `AutoModelForCausalLM` know the model type "sessa".
"""

from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from sessa_ref.language_model.cache import SessaCache
from sessa_ref.language_model.config import SessaModelConfig
from sessa_ref.language_model.model import SessaForCausalLM, SessaModel

__all__ = ["SessaCache", "SessaForCausalLM", "SessaModel", "SessaModelConfig"]

AutoConfig.register(SessaModelConfig.model_type, SessaModelConfig, exist_ok=True)
AutoModel.register(SessaModelConfig, SessaModel, exist_ok=True)
AutoModelForCausalLM.register(SessaModelConfig, SessaForCausalLM, exist_ok=True)
