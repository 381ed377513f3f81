"""A capture made wrong on purpose (or, in one case, right in another form), to test the checks."""
import struct
import subprocess
from pathlib import Path

from connection import connections


class Copy:
    """A capture, to be written again with something wrong in it."""

    def __init__(self, file, packets):
        self.file, self.packets = file, packets
        self.count = len(packets)
        self.repeated = {n for c in connections(packets, 0) for n in c.repeated}
        data = Path(file).read_bytes()
        self.header, self.records, at = data[:24], [], 24
        while at < len(data):
            seconds, micros, size, length = struct.unpack_from("=IIII", data, at)
            self.records.append([seconds, micros, length, data[at + 16:at + 16 + size]])
            at += 16 + size

    def find(self, condition):
        return self.all(condition)[0]

    def all(self, condition):
        return [p.number for p in self.packets if condition(p)]

    def without(self, *packets):
        """By Wireshark's own tool, which writes the other format: pcapng."""
        def write(target):
            command = ["editcap", "-F", "pcapng", str(self.file), str(target), *map(str, packets)]
            subprocess.run(command, check=True, capture_output=True)
        return write

    def changed(self, change):
        def write(target):
            with open(target, "wb") as out:
                out.write(self.header)
                for n, record in enumerate(self.records, 1):
                    seconds, micros, length, frame = change(n, *record)
                    out.write(struct.pack("=IIII", seconds, micros, len(frame), max(length, len(frame))) + frame)
        return write

    def with_bytes(self, packet, old, new):
        return self.changed(lambda n, s, u, size, frame: (s, u, size, frame.replace(old, new) if n == packet else frame))

    def everywhere(self, old, new):
        # A longer text pushes out as many bytes at the end: the packets keep their sizes.
        return self.changed(lambda n, s, u, size, frame: (s, u, size, frame.replace(old, new)[:len(frame)]))

    def with_byte(self, packet, offset, difference):
        def change(n, s, u, size, frame):
            if n == packet:
                frame = frame[:offset] + bytes([(frame[offset] + difference) % 256]) + frame[offset + 1:]
            return s, u, size, frame
        return self.changed(change)

    def moved(self, port, other):
        """Right still: on another port, as raw IP (link type 101), in a pcapng file."""
        old, new = struct.pack("!H", port), struct.pack("!H", other)
        change = lambda frame: frame[:34] + frame[34:38].replace(old, new) + frame[38:]

        def write(target):
            ethernet = Path(str(target) + ".ethernet")
            self.changed(lambda n, s, u, size, frame: (s, u, size, change(frame)))(ethernet)
            subprocess.run(["editcap", "-F", "pcapng", "-T", "rawip", "-L", "-C", "14", str(ethernet), str(target)],
                           check=True, capture_output=True)
        return write

    def earlier(self, first, seconds):
        return self.changed(lambda n, s, u, size, frame: (s - seconds if n >= first else s, u, size, frame))
