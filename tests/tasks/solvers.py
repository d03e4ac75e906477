"""Plain solvers: each takes the tokens up to an answer's position, in a list, and nothing behind, and finds the answer."""

from sessa_ref.tasks import (
    MQAR,
    DiffuseMQAR,
    MarkedRecall,
    Needles,
    Parity,
    Permutations,
    SelectiveCopying,
    VariableTracking,
)


def solve(task, seen: list[int]) -> int:
    return _SOLVERS[type(task)](task, seen)


def _marked_recall(task: MarkedRecall, seen: list[int]) -> int:
    assert seen[-1] == task.query
    (marked,) = [token for token in seen if task.symbols <= token < task.query]
    assert seen.index(marked) == len(seen) - 1 - task.lag
    return marked - task.symbols


def _mqar(task: MQAR, seen: list[int]) -> int:
    return seen[seen.index(seen[-1]) + 1] - task.vocabulary // 2


def _diffuse_mqar(task: DiffuseMQAR, seen: list[int]) -> int:
    *key, slot = seen[-4:]
    assert slot == task.vocabulary - 1
    entries = [seen[i : i + 4] for i in range(0, len(seen) - 4, 4)]
    (value,) = {entry[3] for entry in entries if entry[:3] == key and entry[3] != slot}
    return value - task.symbols


def _needles(task: Needles, seen: list[int]) -> int:
    mark, query, slot = range(task.vocabulary - 3, task.vocabulary)
    question = max(i for i, token in enumerate(seen) if token == query)
    key, slots = seen[question + 1], seen[question + 2 :]
    assert all(token == slot for token in slots)
    values = [seen[i + 2] for i, token in enumerate(seen) if token == mark and seen[i + 1] == key]
    assert len(values) == task.values
    return values[len(slots)] - task.noise_symbols - task.key_symbols


def _variable_tracking(task: VariableTracking, seen: list[int]) -> int:
    mark = task.vocabulary - 2
    source = {seen[i + 1]: seen[i + 2] for i, token in enumerate(seen) if token == mark}
    at, hops = seen[-1], 0
    while at in source:
        at, hops = source[at], hops + 1
    assert hops == task.hops + 1
    return at - task.noise_symbols - task.names


def _selective_copying(task: SelectiveCopying, seen: list[int]) -> int:
    blank, slot = task.symbols, task.symbols + 1
    return [token for token in seen if token not in (blank, slot)][seen.count(slot) - 1]


def _parity(task: Parity, seen: list[int]) -> int:
    return seen.count(1) % 2


def _permutations(task: Permutations, seen: list[int]) -> int:
    order = list(range(task.objects))
    for move in seen:
        order = [order[-1], *order[:-1]] if move else [order[1], order[0], *order[2:]]
    rank, left = 0, sorted(order)
    for one in order:  # the order's number by the alphabet
        rank = rank * len(left) + left.index(one)
        left.remove(one)
    return rank


_SOLVERS = {
    MarkedRecall: _marked_recall,
    MQAR: _mqar,
    DiffuseMQAR: _diffuse_mqar,
    Needles: _needles,
    VariableTracking: _variable_tracking,
    SelectiveCopying: _selective_copying,
    Parity: _parity,
    Permutations: _permutations,
}
