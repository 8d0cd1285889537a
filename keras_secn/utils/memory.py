"""Peak and available memory of this process."""

import pathlib

CGROUP = pathlib.Path("/sys/fs/cgroup")  # version 2, as in a container


def peak_mib():
    """Peak resident memory of this process in MiB; None where the system does not tell.

    Not by `getrusage`: its maximum starts from that of the process that started this one.
    """
    status = pathlib.Path("/proc/self/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def available_bytes():
    """Memory that this process may still take; None where the system does not tell (Linux does).

    The smaller of what the machine has free and what the container allows.
    """
    found = []
    meminfo = pathlib.Path("/proc/meminfo")
    if meminfo.is_file():
        lines = meminfo.read_text().splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
    try:
        # files that the kernel keeps in memory make way
        files = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        taken = int((CGROUP / "memory.current").read_text()) - int(files["inactive_file"])
        found.append(int((CGROUP / "memory.max").read_text()) - taken)
    except (OSError, ValueError, KeyError):
        pass  # no container, or one without a limit ("max")
    return min(found, default=None)
