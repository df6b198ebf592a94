"""Decides what may be shown to whom: pure functions and small immutable values.

`decide` is the one rule (Environmental Code, article 181; Decree 861, points 36 and 37). The views
``public_*`` of ClickHouse say the same in SQL; a test compares the two.
"""

from emissions.publication.counts import Cell, pooled_cells
from emissions.publication.decide import decide
from emissions.publication.decision import Decision, Reason, Visibility
from emissions.publication.facts import case_facts
from emissions.publication.policy import Names, PublicationPolicy
from emissions.publication.record import CaseFacts, CaseMeasure, Delivery, Record, RecordKind
from emissions.publication.viewer import AUTHORITY, PUBLIC, Role, Viewer, inspector, operator
from emissions.publication.words import LANGUAGES, reason_text

__all__ = [
    "AUTHORITY",
    "LANGUAGES",
    "PUBLIC",
    "CaseFacts",
    "CaseMeasure",
    "Cell",
    "Decision",
    "Delivery",
    "Names",
    "PublicationPolicy",
    "Reason",
    "Record",
    "RecordKind",
    "Role",
    "Viewer",
    "Visibility",
    "case_facts",
    "decide",
    "inspector",
    "operator",
    "pooled_cells",
    "reason_text",
]
