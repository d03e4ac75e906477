from experiments.tasks import TASKS, TITLES


def test_every_task_has_a_title_of_its_own():
    assert list(TITLES) == list(TASKS)
    assert len(set(TITLES.values())) == len(TASKS)
