"""What hub and center share: event envelope and chain, problem details, tokens, message catalogue, page frame."""
