"""Metrics of the transparency log: how far it is, and whether it is still the same log."""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import Metric

LEAVES: Final = Metric(
    "emissions_log_leaves",
    "gauge",
    ("seal",),
    "Leaves of the transparency log (its tree size).",
    "",
)
PUBLISHED_LEAVES: Final = Metric(
    "emissions_log_published_leaves",
    "gauge",
    ("seal",),
    "Leaves that the newest signed checkpoint covers.",
    "",
)
CHECKPOINT_TIME: Final = Metric(
    "emissions_log_checkpoint_timestamp_seconds",
    "gauge",
    ("seal",),
    "When the newest signed checkpoint was last seen to cover the whole log, Unix time.",
    "Old: the seal worker cannot write its directory, or hangs: its log and `/readyz`.",
)
UNSEALED: Final = Metric(
    "emissions_log_unsealed_records_total",
    "counter",
    ("seal",),
    "Records of the sealed topics that are none of those that are sealed.",
    "`record_not_sealed` in the log says which and why: somebody else writes to the topic.",
)
VERIFICATIONS: Final = Metric(
    "emissions_log_verifications_total",
    "counter",
    ("seal",),
    "Signed checkpoints compared with the tree that is on disk, by what came out.",
    "Failed: the log on disk is not what was promised. Stop the worker, keep the directory as it "
    "is, `emissions log check`, and restore it from the backup.",
    {"result": "held or failed"},
)
AUDIT_FAILED: Final = Metric(
    "emissions_audit_failed_checks",
    "gauge",
    ("audit",),
    "Checks of the last `emissions audit --metrics-file` that did not hold, by part.",
    "Keep the topics as they are; the audit names partition, offsets or id.",
    {"part": "ledger, results, evidence, log, ..."},
)
AUDIT_TIME: Final = Metric(
    "emissions_audit_timestamp_seconds",
    "gauge",
    ("audit",),
    "When that audit ended, Unix time.",
    "Old: the scheduled run does not run, or does not end.",
)

METRICS: Final = (
    LEAVES, PUBLISHED_LEAVES, CHECKPOINT_TIME, UNSEALED, VERIFICATIONS, AUDIT_FAILED, AUDIT_TIME,
)  # fmt: skip
