"""Bad ratings followed to their end: verify, put right, answer, revisit, close; or an appeal and its decision."""
