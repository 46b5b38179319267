"""Who may see and do what, and how much: every rule in one place."""
