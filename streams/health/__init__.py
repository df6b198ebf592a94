"""Health of a worker: its pages ``/livez``, ``/readyz``, ``/metrics``, and what they are made of.

``progress`` detects stalls (pure), ``lag`` tells since when records wait (pure), ``broker_probe``
asks the broker, ``report`` makes the first two pages (pure), ``metrics`` what the third says of
health, ``server`` runs them in a thread of its own, ``check`` is the probe of a container without
an orchestrator.
"""
