"""What people say about verdicts, and what of it becomes a label."""
