"""Sign-in: who somebody is, their session, and the data that is not public."""
