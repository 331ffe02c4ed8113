"""Pages of the loop: one package per audience."""
