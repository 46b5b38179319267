"""The parts of an office's work that a process can take on."""

HTTP = "http"
WORK_ROLES = ("inbox", "delivery", "jobs")
ROLES = (HTTP, *WORK_ROLES)
