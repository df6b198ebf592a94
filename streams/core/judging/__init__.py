"""Ask the evaluators of rules and publish violations."""
