"""The kinds of rules, one file each: a condition, when it is asked about, and what meets it.

Importing the package imports every file in it, so that a new kind is a new file and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
