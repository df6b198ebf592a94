"""The dossier of a case: one document, as a web page and as a PDF/A file."""
