"""Tell a person what to do after an `up`, or after its failure."""
