"""Runs another program in its own place: as a user without rights where told so, and ending with its parent.

A program and not a function, since Python code between fork and exec may hang a process that has threads. It keeps
to the standard library and its pid becomes the other program's.

    python -I -S launch.py USER PARENT SIGNAL PROGRAM [ARGUMENT…]     USER: self, namespace or nobody
    python -I -S launch.py USER probe [x:PATH | rx:PATH …]             prints the numbers of what USER cannot reach
"""

import ctypes
import os
import sys

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
REFUSED = 3  # exit code: this system does not let us become that user
MODES = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


def main(user: str, parent: str, *rest: str) -> None:
    try:
        become(user)
    except OSError as failure:
        print(f"cannot become {user}: {failure}", file=sys.stderr)
        sys.exit(REFUSED)
    if parent == "probe":
        print(*(number for number, place in enumerate(rest) if not reachable(place)))
        return
    end_with(int(parent), int(rest[0]))
    os.execv(rest[1], rest[1:])


def become(user: str) -> None:
    if user == "namespace":
        enter_namespace()
    elif user == "nobody":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def enter_namespace() -> None:
    """From inside we are nobody; from outside our files and processes go on being root's."""
    maps = {"setgroups": "deny", "uid_map": f"{NOBODY} {os.geteuid()} 1", "gid_map": f"{NOBODY} {os.getegid()} 1"}
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in maps.items():
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  # pathlib would double the start-up time
            file.write(text)


def reachable(place: str) -> bool:
    mode, _, path = place.partition(":")
    return os.access(path, sum(MODES[letter] for letter in mode))


def end_with(parent: int, signal: int) -> None:
    """Ask the kernel for that signal when our parent ends. Elsewhere than on Linux there is no such thing."""
    if sys.platform != "linux":
        return
    # After become(): a change of user clears it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
