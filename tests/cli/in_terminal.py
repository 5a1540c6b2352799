#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal of so many columns and prints what it would show.

in_terminal.py COLUMNS COMMAND...: stdout and stderr of the command are the terminal. What came is
printed as it is; the exit code is the command's.
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    columns, command = int(sys.argv[1]), sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(command[0], command)
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the last process left the terminal
            break
        if not data:
            break
        sys.stdout.buffer.write(data)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
