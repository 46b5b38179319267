"""Sync between offices, on the wire: the header of a delivery, the pages of a log, and who may read one."""
