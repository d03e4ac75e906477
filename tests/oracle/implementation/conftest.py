from pathlib import Path

import pytest

from tests.oracle.implementation.unusual_layers import LAYERS


@pytest.fixture(scope="module")
def layers(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("layers") / "my layers.v2.py"
    path.write_text(LAYERS)
    return path
