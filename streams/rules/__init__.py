"""The rules of the law: YAML files, and the kinds that evaluate them."""
