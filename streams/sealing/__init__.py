"""Seal what was published in a transparency log of static files (specification 13).

``log_writer`` owns the log's directory and the order in which it becomes durable; ``log_files``
reads it; ``leaf_index`` knows what is in it; ``records`` makes leaves of Kafka records; ``worker``
is the process.
"""
