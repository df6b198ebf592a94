"""What ``emissions doctor`` looks at, a part a module; a look is bounded and changes nothing."""
