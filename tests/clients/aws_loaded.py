"""Has the AWS CLI loaded, and runs each command that comes as a line of JSON in a fork of itself: arguments, environment, and
the files for output and errors. Answers with the exit status. Runs under the Python that the CLI is installed for.
"""

import json
import os
import sys

BEFORE = dict(os.environ)

import awscli.clidriver
import awscli.handlers  # noqa: F401  What the CLI imports later, and spends most of its time on.

# The CLI says to its own libraries in the environment where its data is.
SET_BY_LOADING = {name: value for name, value in os.environ.items() if BEFORE.get(name) != value}


def command(given):
    """What the installed program does, in this process."""
    os.environ.clear()
    os.environ.update(SET_BY_LOADING | given["environment"])
    for name, descriptor in (("output", 1), ("errors", 2)):
        os.dup2(os.open(given[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    sys.argv = ["aws", *given["arguments"]]
    return awscli.clidriver.main()


def forked(act, *given):
    """The exit status of something that is done in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            status = act(*given)
        except SystemExit as end:
            status = end.code
        except BaseException as error:
            print(f"broke: {error!r}", file=sys.stderr)
            status = 255
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    lines, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    for line in lines:
        answers.write(f"{forked(command, json.loads(line))}\n")
        answers.flush()


main()
