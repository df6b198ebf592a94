"""The crash suite: whatever dies, the results are those of an undisturbed run.

``python -m tests.crash --rounds 200 --seed 1`` (``make crash``). A round publishes a load whose
content is known, while real workers, a real broker and a real ClickHouse are killed, stopped,
moved and restarted. When everything is drained it is held against an undisturbed run: the exported
files byte for byte, the visible rows of ClickHouse, every record ever published, and the audit.
"""
