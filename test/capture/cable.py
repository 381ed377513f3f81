#!/usr/bin/env python3
"""cable.py [--rate MBIT] [--delay MS] [--drop N:SEGMENT,…]… [--cut BYTES] CLIENT SERVER
cable.py --plain INTERFACE

A line between two machines: takes every frame from one interface to the other, at a rate, after a
delay, and loses some. It stands for tbf and netem, which not every kernel has, and it loses exactly
what it is told to: --drop 3:20 is the client's 20th data segment of the third connection, the first
time. --cut: once so many bytes went to the client, nothing passes until a line comes on stdin.

Begins when a line comes on stdin. Tells on stdout: ready, dropped, zero window, probe N, cut, on.

--plain switches off the offloads of an interface, so that every frame is one segment of at most
the MTU, with its checksum, as on a real wire.
"""
import argparse
import fcntl
import heapq
import itertools
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4  # what this machine itself sent; the other kinds came in
SIOCETHTOOL = 0x8946
OFFLOADS = {"rx-checksum": 0x15, "tx-checksum": 0x17, "sg": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}


def plain(interface):
    """ethtool -K INTERFACE tx off sg off tso off gso off gro off, without ethtool."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for command in list(OFFLOADS.values())[1:]:
            value = bytearray(struct.pack("II", command, 0))
            address = (struct.pack("P", memory_address(value)))
            request = interface.encode().ljust(16, b"\0") + address.ljust(16, b"\0")
            try:
                fcntl.ioctl(s, SIOCETHTOOL, request)
            except OSError as error:
                print(f"{interface}: offload {command:#x}: {error}", file=sys.stderr)


def memory_address(buffer):
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def tell(*words):
    print(*words, flush=True)


class Segment:
    """The fields of a TCP segment over IPv4 in an Ethernet frame."""

    def __init__(self, frame):
        header = (frame[14] & 15) * 4
        tcp = frame[14 + header:]
        self.sport, self.dport, self.seq, self.ack, offset, self.flags, self.window = struct.unpack("!HHIIBBH", tcp[:16])
        self.size = struct.unpack("!H", frame[16:18])[0] - header - (offset >> 4) * 4

    @classmethod
    def of(cls, frame):
        is_tcp = len(frame) >= 54 and frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_TCP
        return cls(frame) if is_tcp else None


class Observer:
    """Which connection a segment belongs to, what is to be lost, what is worth telling."""

    def __init__(self, drops, cut):
        self.drops, self.cut = drops, cut
        self.connections = {}
        self.to_client = 0
        self.is_cut = False

    def passes(self, frame, from_client):
        if self.is_cut:
            return False
        segment = Segment.of(frame)
        if segment is None:
            return True
        port = segment.sport if from_client else segment.dport
        connection = self.connections.get(port)
        if connection is None:
            number = len(self.connections) + 1
            connection = self.connections[port] = {
                "number": number, "segments": 0, "next": 0, "zero": False, "probes": 0}
        return self.client_sends(connection, segment) if from_client else self.server_sends(connection, segment)

    def client_sends(self, connection, segment):
        end = segment.seq + segment.size & 0xFFFFFFFF
        is_new = segment.size > 0 and (end - connection["next"] & 0xFFFFFFFF) < 1 << 31
        if connection["zero"] and segment.size <= 1 and not is_new:
            connection["probes"] += 1
            tell("probe", connection["probes"])
        if segment.flags & 2:  # SYN
            connection["next"] = segment.seq + 1 & 0xFFFFFFFF
        if is_new:
            connection["next"] = end
            connection["segments"] += 1
            if (connection["number"], connection["segments"]) in self.drops:
                tell("dropped segment", connection["segments"], "of connection", connection["number"])
                return False
        return True

    def server_sends(self, connection, segment):
        zero = segment.window == 0 and not segment.flags & 4  # a RST's window says nothing
        if zero and not connection["zero"]:
            tell("zero window")
        connection["zero"] = zero
        self.to_client += max(segment.size, 0)
        if self.cut and self.to_client >= self.cut:
            self.is_cut, self.cut = True, 0
        return True


def carry(arguments):
    ends = []
    for interface in (arguments.client, arguments.server):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        s.bind((interface, 0))
        ends.append(s)
    drops = {(int(connection), int(segment)) for rule in arguments.drop
             for connection, segments in [rule.split(":")] for segment in segments.split(",")}
    observer = Observer(drops, arguments.cut)
    seconds_a_byte = 8 / (arguments.rate * 1e6)
    free_at = [0.0, 0.0]  # when each direction has sent what it was given so far
    under_way, order, told = [], itertools.count(), False
    tell("ready")
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        readable = select.select([*ends, sys.stdin], [], [], wait)[0]
        if sys.stdin in readable:
            if not sys.stdin.readline():
                return
            observer.is_cut = False
            tell("on")
        for direction, (come, go) in enumerate([ends, ends[::-1]]):
            if come not in readable:
                continue
            frame, address = come.recvfrom(65536)
            if address[2] == PACKET_OUTGOING or not observer.passes(frame, direction == 0):
                continue
            free_at[direction] = max(free_at[direction], time.monotonic()) + len(frame) * seconds_a_byte
            heapq.heappush(under_way, (free_at[direction] + arguments.delay / 1000, next(order), go, frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, go, frame = heapq.heappop(under_way)
            try:
                go.send(frame)
            except OSError:  # the interface is down, or the frame too long for it: lost, as on a wire
                pass
        if observer.is_cut and not under_way and not told:
            told = True
            tell("cut")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--delay", type=float, default=20)
    parser.add_argument("--drop", action="append", default=[])
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--plain", metavar="INTERFACE")
    parser.add_argument("client", nargs="?")
    parser.add_argument("server", nargs="?")
    arguments = parser.parse_args()
    if arguments.plain:
        plain(arguments.plain)
    elif sys.stdin.readline():
        carry(arguments)


if __name__ == "__main__":
    main()
