"""Backup and restore: one sealed file with everything that an office is (docs/decisions/0023-backups.md)."""
