"""Dead letters at work: read, looked at again with the code and registry of today, sent again."""
