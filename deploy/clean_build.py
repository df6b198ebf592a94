"""Builds a wheel from the tree alone: what an earlier build left behind is no part of it."""

from __future__ import annotations

import shutil

from setuptools.command.build import build


class CleanBuild(build):
    """Remove the directory into which packages are copied before they are copied again."""

    def run(self) -> None:
        """Build as usual, into an empty directory."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
