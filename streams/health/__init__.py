"""Health of a worker: the pages ``/livez`` and ``/readyz`` and what they are made of.

``progress`` detects stalls (pure), ``broker_probe`` asks the broker, ``report`` makes the pages
(pure), ``server`` runs them in a thread of its own, ``check`` is the probe of a container without
an orchestrator.
"""
