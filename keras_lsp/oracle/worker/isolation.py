"""What confines the worker: it dies with its client, cannot write, spawn or connect, and has limited memory and time."""

import os
import socket
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None

MEMORY = 4 * 2**30  # bytes beyond what the imports took: no honest symbolic question comes near
CPU_SECONDS = 120  # per question, behind the client's own wall-clock deadline
FILES = 256

# Events of sys.addaudithook that no layer needs. Compiled code raises no events; the policy keeps file names out.
FORBIDDEN_EVENTS = frozenset(
    [
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.symlink",
        "os.putenv",
        "os.kill",
        "urllib.Request",
        "shutil.rmtree",
        "pty.spawn",
        "ftplib.connect",
        "http.client.connect",
        "smtplib.connect",
        "webbrowser.open",
    ]
)


def die_with_parent():
    """Ask Linux to kill this process when the thread that started it is gone."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(0)  # it went away before we asked


def confine(memory):
    """Limit what this process may do from here on; called when all imports are done."""
    if resource is not None:
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, 0)
        _limit(resource.RLIMIT_NOFILE, FILES)
        if sys.platform.startswith("linux"):
            _limit(resource.RLIMIT_AS, _virtual_size() + memory)
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(_refuse)
    else:
        socket.getaddrinfo = socket.create_connection = _no_network  # Python 3.7


def _no_network(*_args, **_keywords):
    raise PermissionError("the Keras worker may not use the network")


def _limit(which, value):
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(which, (value, hard))
    except (ValueError, OSError):
        pass  # the system sets a limit of its own


def extend_cpu():
    """Give the next question its own processor time."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + CPU_SECONDS)


def _refuse(event, arguments):
    if event in FORBIDDEN_EVENTS:
        raise PermissionError("the Keras worker may not do this: " + event)
    if event == "open":
        mode = arguments[1]
        if isinstance(mode, str) and set(mode) & set("wax+"):
            raise PermissionError("the Keras worker may not write files")


def _virtual_size():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def resident_megabytes():
    """Resident memory in MB; where the system does not tell the present value, the highest so far."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (OSError, ValueError, AttributeError):
        pass
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10
