"""The checks of ``emissions doctor``, one part a module; bounded in time and read-only."""
