import hypothesis

# Derandomised: a red run can be repeated, and CI never fails by chance. Times are no part of the tests.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=25)
hypothesis.settings.load_profile("repeatable")
