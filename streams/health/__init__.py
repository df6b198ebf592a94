"""Whether a worker gets on: the pages ``/livez`` and ``/readyz`` and what they rest on.

``movement`` judges (pure), ``watch`` asks the broker, ``report`` makes the pages (pure), ``server``
runs both in a thread of its own, ``check`` is the probe of a container without an orchestrator.
"""
