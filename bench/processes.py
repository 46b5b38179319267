"""CPU time of a process, as the scheduler counted it."""

import time


def cpu_clock(process_id: int) -> int:
    """The clock of a process' CPU time in nanoseconds (Linux' `clock_getcpuclockid`)."""
    return ((~process_id) << 3) | 2


def cpu_seconds(process_id: int) -> float:
    """CPU time of a process and its threads, in user and kernel. Raises OSError when there is no such process.

    To the nanosecond: `/proc/PID/stat` has the same in hundredths of a second, a twentieth of what 2,000 small answers
    take.
    """
    return time.clock_gettime(cpu_clock(process_id))
