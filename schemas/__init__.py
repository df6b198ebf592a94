"""Define the records on the topics, and encode and decode them; imports nothing of ours."""
