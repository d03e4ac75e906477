import os

# Arrays in the tests are small, and several test processes share the machine: threads only get in the way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis

# Derandomised: a red run can be repeated, and CI never fails by chance. Times are no part of the tests.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=25)
hypothesis.settings.load_profile("repeatable")
