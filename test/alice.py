#!/usr/bin/env python3
"""alice.py [FILE]: a text of the size of alice30.txt for the study of TCP (p4tcp.f3): 150,000 bytes
of lines of up to 72 characters, every line with its number, the same every time. Without FILE, to
stdout."""
import sys

SIZE = 150_000
WORDS = """the a little door garden rabbit hole cat queen table bottle key said thought looked ran fell
down under over behind very small large curious again never quite then and but so she it they all
round once more upon time watch tea mouse voice long tail story pool of tears house window""".split()


def text():
    seed = 1865
    lines, size = [], 0
    while size < SIZE:
        line = f"{len(lines) + 1:5d} "
        while True:
            # The generator of Park and Miller: the same numbers in every language and version.
            seed = seed * 48271 % 2147483647
            word = WORDS[seed % len(WORDS)]
            if len(line) + 1 + len(word) > 72:
                break
            line += " " + word
        lines.append(line + "\r\n")
        size += len(lines[-1])
    return "".join(lines).encode("ascii")[: SIZE - 2] + b"\r\n"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit("Usage: alice.py [FILE]")
    if len(sys.argv) == 2:
        with open(sys.argv[1], "wb") as file:
            file.write(text())
    else:
        sys.stdout.buffer.write(text())
