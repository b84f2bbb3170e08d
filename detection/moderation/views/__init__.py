"""Pages of moderation: the queue, one case, what is done about it, and what the owner can do."""
