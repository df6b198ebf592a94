"""Pages, one module each; `handlers` of a module are its routes."""
