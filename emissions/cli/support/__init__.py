"""Helpers of the commands: output, errors, options, SQL."""
