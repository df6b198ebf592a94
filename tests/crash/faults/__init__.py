"""The faults: one file for each kind, all of them listed in `tests.crash.plan`."""
