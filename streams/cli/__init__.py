"""The command line ``emissions``: one command a file."""
