"""Runs commands of clients. The AWS CLI takes a second to load and does nothing but that for most of it, so it is loaded once
(aws_loaded.py): each command is a process of its own all the same.
"""

import atexit
import functools
import json
import os
import pathlib
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).parent


def run(command, environment, timeout):
    """A command's outcome, its output as bytes."""
    if os.path.basename(command[0]) != "aws":
        return subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout)
    return loaded(command[0]).run(command, environment, timeout)


@functools.cache
def loaded(program):
    return Loaded(program)


class Loaded:
    """An AWS CLI that is loaded, until this process ends."""

    def __init__(self, program):
        with open(program, encoding="utf-8") as script:
            interpreter = script.readline().removeprefix("#!").split()
        # Its locale is for good; the rest of an environment comes with each command.
        self.process = subprocess.Popen([*interpreter, HERE / "aws_loaded.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        self.folder = tempfile.TemporaryDirectory(prefix="clients-")
        atexit.register(self.end)

    def run(self, command, environment, timeout):
        output, errors = (os.path.join(self.folder.name, name) for name in ("output", "errors"))
        line = {"arguments": command[1:], "environment": environment, "output": output, "errors": errors}
        late = threading.Timer(timeout, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(json.dumps(line) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        finally:
            late.cancel()
        if not answer:
            raise RuntimeError(f"no answer from {command}: the AWS CLI could not be loaded, or took more than {timeout} s")
        return subprocess.CompletedProcess(command, int(answer), read(output), read(errors))

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def read(path):
    with open(path, "rb") as file:
        return file.read()
