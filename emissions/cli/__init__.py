"""The command line ``emissions``: one command a file, helpers in ``support``."""
