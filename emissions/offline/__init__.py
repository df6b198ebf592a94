"""Judge in this process, without broker and stores, what the deployed workers would judge."""
