"""What the API gives, one module a subject; `handlers` of a module are its routes."""
