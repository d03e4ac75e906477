"""Equal requests are asked once."""

import hashlib

import numpy as np

from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import (
    Implementation,
    ImplementationError,
    UnsupportedError,
    Values,
    about,
)


class AskedOnce:
    """An implementation that keeps its answers, refusals and failures, and gives them again for an equal request.

    Args:
        implementation: what is asked; experiments on whether it repeats itself must ask it directly.
    """

    def __init__(self, implementation: Implementation) -> None:
        self.implementation = implementation
        self._answers: dict[bytes, Values | ImplementationError | UnsupportedError] = {}

    @property
    def name(self) -> str:
        """That of the implementation."""
        return self.implementation.name

    def about(self) -> dict[str, str]:
        """What the implementation runs on."""
        return about(self.implementation)

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """The implementation's answer to the first such request."""
        key = _key(operation, case, dtype)
        if key not in self._answers:
            try:
                values = self.implementation.run(operation, case, dtype)
                # Copies: an implementation in this process may write into what it returned.
                self._answers[key] = {name: np.array(value) for name, value in values.items()}
            except (ImplementationError, UnsupportedError) as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


def asked_directly(implementation: Implementation) -> Implementation:
    """The implementation itself, whose answers may differ between equal requests."""
    return implementation.implementation if isinstance(implementation, AskedOnce) else implementation


def _key(operation: str, case: Case, dtype: str) -> bytes:
    """A digest of everything that the implementation gets to see."""
    digest = hashlib.sha256(
        repr((operation, dtype, case.level, case.split, case.lengths, case.parameters.config)).encode()
    )
    for name, array in (("x", case.x), ("dy", case.dy), *case.parameters.items()):
        digest.update(repr((name, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
