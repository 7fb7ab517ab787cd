"""The seeded hall: shipped endpoints, event log, evaluator, rules and journal on simulated time, with faults."""
