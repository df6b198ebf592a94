"""The law as data: rules, quality codes and policy."""
