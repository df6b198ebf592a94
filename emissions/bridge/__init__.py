"""The bridge: cases and violations to a webhook, and what that answers back as measures.

Read it in the order of the way: `event` (a record as an event), `window` (what may start, and
which offset may be committed), `signature`, `webhook` (one request), `outcome` (what a reply
means), `answer` (measures), `dead_letters`, `delivery` (an event to its end), `polling`
(answers that come later), `consumer` (all of it on Kafka), `run`.
"""
