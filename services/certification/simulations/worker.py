"""A worker process of a simulation: facts in, letters out, over its standard streams.

It holds no connection and ends with its input, so that a killed service leaves nothing behind.
A message is JSON after its length.
"""

import gc
import json
import os
import struct
import sys
from datetime import date
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")


def write_message(stream: BinaryIO, message: Any) -> None:
    """Send one message."""
    stream.write(packed(json.dumps(message)))
    stream.flush()


def packed(message: str) -> bytes:
    """A message, which is JSON, as it goes over the stream."""
    body = message.encode()
    return LENGTH.pack(len(body)) + body


def read_message(stream: BinaryIO) -> Any:
    """The next message. Raises EOFError at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return json.loads(stream.read(LENGTH.unpack(head)[0]))


def main() -> None:
    """Judge part after part until the input ends."""
    source = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        order = read_message(source)
        from services.certification.outlooks.rulebook import LAW, load_files
        from services.certification.simulations.judging import judge_part
        from services.certification.simulations.law import sides_of

        law = LAW if order["digest"] == LAW.digest else load_files(order["files"])
        before, after = sides_of(law, order["asked"])
        day = date.fromisoformat(order["asked"]["as_of"])
        # Short-lived objects by the million, none of them in a cycle: the collector would only look
        # at them again and again, a third of the time.
        gc.freeze()
        gc.disable()
        while True:
            write_message(answers, judge_part(before, after, day, read_message(source)))
            gc.collect()
    except EOFError:
        return


if __name__ == "__main__":
    main()
