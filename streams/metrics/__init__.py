"""Metrics of the workers: the catalogue, and the instruments that are made from it.

``metric`` is what the catalogue says of one; each area has a file of its own (``flow``,
``latency``, ``quality``, ``nation``, ``cases``, ``evidence``), ``catalogue`` is all of them.
``metric_set`` makes the instruments of one worker and writes what Prometheus reads.
"""
