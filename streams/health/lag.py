"""Tells since when records of a partition wait: no clock, no broker."""

from __future__ import annotations

from collections.abc import Mapping

from streams.kafka.partitions import PartitionId


class LagClock:
    """Remember when each partition was last seen without lag; times are Unix time, seconds."""

    def __init__(self) -> None:
        self._clear_at: dict[PartitionId, float] = {}
        self._seen_at: dict[PartitionId, float] = {}

    def observe(self, now_s: float, lags: Mapping[PartitionId, int]) -> None:
        """Fold the lags of all partitions at one moment; forget the other partitions."""
        for known in (self._clear_at, self._seen_at):
            for place in known.keys() - lags.keys():
                del known[place]
        for place, lag in lags.items():
            self._seen_at.setdefault(place, now_s)
            if not lag:
                self._clear_at[place] = now_s

    def seconds(self, place: PartitionId, lag: int, arrival_ms: int | None, now_s: float) -> float:
        """Return how long ago what was finished last (``arrival_ms``) arrived; 0 without lag.

        A partition in which nothing came for long counts from its last moment without lag, one of
        which nothing was finished yet from when it was first seen.
        """
        if not lag:
            return 0.0
        since = self._clear_at.get(place)
        if arrival_ms is not None:
            since = max(arrival_ms / 1000, since if since is not None else 0.0)
        elif since is None:
            since = self._seen_at.get(place, now_s)
        return max(0.0, now_s - since)
