#!/usr/bin/env python3
"""The packet-capture labs: what a capture of each must hold, and what there is to see in it.

labs.py show LAB [FILE]     packet table, drawing, graphs and checks of the capture that `make capture` made
labs.py check LAB FILE      the same for a capture of one's own: either pcap format, any link type, any port
labs.py test LAB FILE       the checks hold on FILE and fail on copies of it made wrong on purpose

tshark reads the file, once, as fields; whatever is said about them is worked out here.
"""
import contextlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter, namedtuple
from dataclasses import dataclass, field
from pathlib import Path

import graphs

WIDTH = 100

FIELDS = """frame.number frame.time_epoch frame.len frame.cap_len ip.src ipv6.src ip.dst ipv6.dst ip.len
ip.hdr_len ipv6.plen ip.id ip.flags.mf ip.frag_offset ip.proto udp.srcport udp.dstport udp.length udp.payload
tcp.stream tcp.srcport tcp.dstport tcp.flags tcp.seq_raw tcp.ack_raw tcp.len tcp.window_size
tcp.options.mss_val tcp.payload sip.Method sip.Status-Code sip.r-uri sip.Expires _ws.malformed""".split()

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

Raw = namedtuple("Raw", [name.strip("_").replace(".", "_").replace("-", "_") for name in FIELDS])


@dataclass
class Packet:
    number: int
    time: float  # seconds since the first packet of the file
    source: str
    target: str
    raw: Raw
    is_whole: bool
    # UDP and TCP
    sport: int = 0
    dport: int = 0
    payload: bytes = b""
    # TCP
    flags: int = 0
    seq: int = 0
    ack: int = 0
    window: int = 0

    @property
    def is_udp(self):
        return self.raw.udp_length != ""

    @property
    def is_tcp(self):
        return self.raw.tcp_stream != ""

    @property
    def carried(self):
        """Bytes after IPv4's header."""
        return number(self.raw.ip_len) - number(self.raw.ip_hdr_len)

    @property
    def size(self):
        """Bytes of TCP's stream in this segment."""
        return int(self.raw.tcp_len or 0)

    @property
    def end(self):
        """The number after this segment's last; SYN and FIN count as a byte each."""
        return (self.seq + self.size + bool(self.flags & SYN) + bool(self.flags & FIN)) % 2**32

    @property
    def names(self):
        return " ".join(name for bit, name in ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"))
                        if self.flags & bit)


def tshark(file, *options):
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-E", "occurrence=f", "-E", "separator=/t"]
    # What is captured on one's own machine may be sniffed before its checksum is filled in.
    command += ["-o", "udp.check_checksum:FALSE", "-o", "tcp.check_checksum:FALSE", *options]
    for name in FIELDS:
        command += ["-e", name]
    with tempfile.TemporaryDirectory() as empty:
        # Not by the user's own settings, whose decoding may be another.
        environment = {**os.environ, "WIRESHARK_CONFIG_DIR": empty, "LC_ALL": "C.UTF-8"}
        result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=environment)
    if result.returncode != 0 and not result.stdout:
        sys.exit(f"tshark cannot read {file}: {result.stderr.strip().splitlines()[-1]}")
    return [Raw(*line.split("\t")) for line in result.stdout.splitlines()]


def number(text):
    return int(text, 0) if text else 0


def read(file):
    """The packets of a capture, with UDP messages of SIP decoded as such on any port."""
    rows = tshark(file)
    begins = (b"REGISTER ".hex(), b"SIP/2.0".hex())
    strange = {port for row in rows if row.udp_payload.startswith(begins) and not (row.sip_Method or row.sip_Status_Code)
               for port in (row.udp_srcport, row.udp_dstport)}
    if strange:
        rows = tshark(file, *(word for port in strange for word in ("-d", f"udp.port=={port},sip")))
    start = float(rows[0].frame_time_epoch) if rows else 0
    packets = []
    for row in rows:
        packet = Packet(int(row.frame_number), float(row.frame_time_epoch) - start, row.ip_src or row.ipv6_src,
                        row.ip_dst or row.ipv6_dst, row, row.frame_cap_len == row.frame_len)
        if packet.is_udp:
            packet.sport, packet.dport = int(row.udp_srcport), int(row.udp_dstport)
            packet.payload = bytes.fromhex(row.udp_payload)
        elif packet.is_tcp:
            packet.sport, packet.dport = int(row.tcp_srcport), int(row.tcp_dstport)
            packet.payload = bytes.fromhex(row.tcp_payload)
            packet.flags, packet.window = number(row.tcp_flags), number(row.tcp_window_size)
            packet.seq, packet.ack = number(row.tcp_seq_raw), number(row.tcp_ack_raw)
        packets.append(packet)
    return packets


# --------------------------------------------------------------------------- what is shown and checked


def shown(data, most=44):
    text = "".join(chr(b) if 32 <= b < 127 else {10: "\\n", 13: "\\r"}.get(b, f"\\x{b:02x}") for b in data[:most])
    return f'"{text}"' + ("…" if len(data) > most else "")


def numbers(packets):
    """1, 2, 5-9: as short as it goes."""
    ids = sorted({packet.number for packet in packets})
    runs = []
    for one in ids:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    words = [f"{a}" if a == b else f"{a}-{b}" for a, b in runs]
    return ", ".join(words[:8]) + (", …" if len(words) > 8 else "")


class Report:
    """Checks, each a sentence with ✓ or ✗ and the packets' numbers; – is what the exercise does not ask for."""

    def __init__(self, strict):
        self.strict = strict  # everything that our own lab shows must be there
        self.lines, self.failed = [], []

    def check(self, holds, sentence, packets=(), optional=False):
        sign = "✓" if holds else "–" if optional and not self.strict else "✗"
        where = f"  [{numbers(packets)}]" if packets else ""
        text = sentence if sign != "–" else f"not in this capture, nor does the exercise ask for it: {sentence}"
        self.lines.append(textwrap.fill(text + where, WIDTH, initial_indent=f"  {sign} ", subsequent_indent="    ",
                                        break_on_hyphens=False, break_long_words=False))
        if sign == "✗":
            self.failed.append(sentence)
        return holds

    def also(self, holds, sentence, packets=()):
        return self.check(holds, sentence, packets, optional=True)


def say(line=""):
    print(line)


def heading(text):
    say(f"\n{text}\n{'-' * len(text)}")


def explained(words):
    say(textwrap.fill(words, WIDTH, initial_indent=" " * 16, subsequent_indent=" " * 16,
                      break_on_hyphens=False, break_long_words=False))


def row(packet, arrow, what, words):
    say(f"{packet.number:5}  {packet.time:8.6f}  {arrow}  {what}"[:WIDTH])
    if words:
        explained(words)


LIFELINES = 58  # columns between the two


def to_right(label, width=LIFELINES):
    return f"{'---- ' + label + ' ':-<{width - 1}}>"


def to_left(label, width=LIFELINES):
    return f"<{'---- ' + label + ' ':-<{width - 1}}"


def drawing(left, right, events):
    """events: (time, goes to the right, label), or a line of text for what is left out."""
    say(f"{'':11}{left:<30}{right:>{LIFELINES - 18}}")
    for event in events:
        if isinstance(event, str):
            say(f"{'':11}|{event:^{LIFELINES}}|")
        else:
            time, right_going, label = event
            say(f"{time:10.6f} |{(to_right if right_going else to_left)(label)}|")


# --------------------------------------------------------------------------- UDP


NOT_OURS = {53, 67, 68, 123, 137, 138, 1900, 5353, 5355}  # DNS, DHCP, NTP, NetBIOS, SSDP, mDNS, LLMNR


@dataclass
class Exchange:
    """A message to the server and what came back."""
    request: Packet
    reply: Packet = None


def udp_exchanges(packets, usual_port):
    """The server's port, its messages, and those paired; whatever else is in the file is passed over."""
    datagrams = [p for p in packets if p.is_udp and not {p.sport, p.dport} & NOT_OURS]
    ports = Counter(port for p in datagrams for port in (p.sport, p.dport))
    # A server has the usual port, or the one that most talk to; the first of all was sent to it.
    port = usual_port if usual_port in ports else max(
        (p.dport for p in datagrams), key=lambda port: ports[port], default=usual_port)
    ours = [p for p in datagrams if port in (p.sport, p.dport)]
    exchanges = []
    for packet in ours:
        if packet.dport == port:
            exchanges.append(Exchange(packet))
            continue
        waiting = [e for e in exchanges if e.reply is None and e.request.sport == packet.dport and
                   {e.request.source, e.request.target} == {packet.source, packet.target}]
        if waiting:
            waiting[0].reply = packet
    return port, ours, exchanges


def is_dot(exchange):
    return exchange.request.payload.strip() == b"."


def udp_checks(report, packets, port, ours, exchanges, buffer):
    answered = [e for e in exchanges if e.reply]
    report.check(answered, f"a message and its reply were captured, with a server on UDP port {port}" if answered else
                 "no message with a reply to it was captured",
                 [p for e in answered[:1] for p in (e.request, e.reply)])
    # Version 1's server ends at '.', and does not answer it.
    silent = [e.request for e in exchanges if not e.reply and not is_dot(e)]
    strays = [p for p in packets if p.is_udp and p not in ours and not {p.sport, p.dport} & NOT_OURS]
    report.check(not silent, "every message is answered, from the port that it was sent to"
                 if not silent else "a message has no reply from the port that it was sent to"
                 + (f" (packet {strays[0].number} comes from {strays[0].sport})" if strays else ""), silent or [p for e in answered for p in (e.reply,)])
    wrong = [p for p in ours if not right_length(p)]
    report.check(ours and not wrong, "UDP's length field is 8 (the header) + the message, in every datagram"
                 if not wrong else "UDP's length field is not 8 + the message", wrong or ours)
    other = [e.reply for e in answered if e.reply.payload != e.request.payload[:buffer]]
    report.check(answered and not other, "every reply is its message, byte for byte"
                 + (f" (its first {buffer}: the server's buffer)" if any(len(e.request.payload) > buffer for e in answered) else "")
                 if not other else "a reply differs from its message", other)
    cut = [p for p in ours if not p.is_whole]
    report.check(not cut, "packets were captured whole (no snapshot length)", cut)


def fragments_of(packet, packets):
    """The IP fragments that this datagram came in, itself the last."""
    return [p for p in packets if p.raw.ip_id == packet.raw.ip_id and p.source == packet.source and
            p.target == packet.target and p.raw.ip_proto == packet.raw.ip_proto and p is not packet and
            (number(p.raw.ip_frag_offset) or p.raw.ip_flags_mf in ("1", "True")) and
            abs(p.number - packet.number) < 64] + [packet]


def is_fragmented(packet):
    return number(packet.raw.ip_frag_offset) > 0 or packet.raw.ip_flags_mf in ("1", "True")


def right_length(packet):
    """The field agrees with the message, and with what IP says it carries."""
    length = number(packet.raw.udp_length)
    carried = packet.carried if packet.raw.ip_len else number(packet.raw.ipv6_plen)
    return length == 8 + len(packet.payload) and (is_fragmented(packet) or length == carried)


def udp_row(packet, port, packets, words):
    arrow = "client → server" if packet.dport == port else "server → client"
    length = number(packet.raw.udp_length)
    row(packet, arrow, f"{packet.sport} → {packet.dport}  length {length} = 8 + {length - 8}  {shown(packet.payload, 12)}", words)


def udp_drawing(port, exchanges, label):
    first = exchanges[0].request
    events = []
    for exchange in exchanges:
        for packet in (exchange.request, exchange.reply):
            if packet:
                events.append((packet.time, packet.dport == port, label(packet)))
    clients = {e.request.sport for e in exchanges}
    own = f":{first.sport}" if len(clients) == 1 else f" ({len(clients)} ports)"
    drawing(f"client {first.source}{own}", f"server {first.target}:{port}", sorted(events))


class P3_5:
    file = "p3.5.pcap"
    move = 44444, 50000  # checks hold on any port
    buffer = 1024

    def __init__(self, packets):
        self.packets = packets
        self.port, self.ours, self.exchanges = udp_exchanges(packets, 44444)

    def check(self, report):
        udp_checks(report, self.packets, self.port, self.ours, self.exchanges, self.buffer)
        requests = [e.request for e in self.exchanges]
        empty = [p for p in requests if not p.payload]
        report.also(empty, "an empty message is a datagram all the same: length 8", empty)
        short = [p for p in requests if 0 < len(p.payload) < 100]
        report.also(short, "a short message: length 8 + its few bytes", short)
        long = [p for p in requests if 1400 <= len(p.payload) <= 1472]
        report.also(long, "a message that just fits a frame of 1500 bytes (1472 at most: 1500 - 20 - 8)", long)
        split = [p for p in requests if is_fragmented(p)]
        pieces = [p for whole in split for p in fragments_of(whole, self.packets)]
        sizes = [p.carried for p in pieces]
        report.also(split and sum(sizes) == sum(number(p.raw.udp_length) for p in split) and
                    all(size % 8 == 0 for p, size in zip(pieces, sizes) if p.raw.ip_flags_mf in ("1", "True")),
                    "a message that IP sends in fragments, and their bytes add up to its UDP length: "
                    + (" + ".join(map(str, sizes)) + f" = {sum(sizes)}" if split else
                       "(loopback's frames of 65536 bytes never split one)"), pieces)

    def show(self):
        heading("Packets")
        for packet in self.packets:
            if packet in self.ours:
                udp_row(packet, self.port, self.packets, self.words(packet))
            elif is_fragmented(packet):
                # tshark gives the offset in bytes or in the header's units of 8, by its version.
                offset = sum(p.carried for p in self.packets if p.number < packet.number and p.raw.ip_id == packet.raw.ip_id)
                row(packet, "client → server",
                    f"IP fragment: bytes {offset} to {offset + packet.carried - 1} of the datagram, more follow",
                    "begins with the UDP header, whose length field counts all the fragments" if offset == 0 else
                    "no UDP header in here: only the first fragment has the ports")
        heading("Drawing")
        udp_drawing(self.port, self.exchanges, lambda p: f"length {p.raw.udp_length}  {shown(p.payload, 10)}")

    def words(self, packet):
        size = len(packet.payload)
        if is_fragmented(packet):
            pieces = fragments_of(packet, self.packets)
            return (f"the last of {len(pieces)} fragments: together {size} bytes of message after one UDP header of 8; "
                    "Wireshark shows the datagram here, put together")
        asked = next((e.request for e in self.exchanges if e.reply is packet), None)
        if asked and len(asked.payload) > size:
            return f"the server's recvfrom({self.buffer}) took {size} of {len(asked.payload)} bytes; the rest is gone"
        if size == 0:
            return "empty, and yet a datagram: 8 bytes of header, nothing else" if not asked else "its echo, as empty"
        return "its echo" if asked else f"the message is {size} byte{'s'[:size > 1]}, the header always 8"

    wrong = [
        ("a reply taken out", lambda c: c.without(2), "no reply"),
        ("a byte of a reply changed", lambda c: c.with_bytes(2, b"hola", b"hole"), "differs from its message"),
        ("a length field one too large", lambda c: c.with_byte(1, 14 + 20 + 5, 1), "length field is not"),
        ("the reply from another port", lambda c: c.with_byte(2, 14 + 20 + 1, 1), "no reply"),
        ("a fragment taken out", lambda c: c.without(8), "fragments"),
    ]


class Api1_4:
    file = "api.1.4.pcap"
    buffer = 1024

    def __init__(self, packets):
        self.packets = packets
        self.port, self.ours, self.exchanges = udp_exchanges(packets, 3500)

    def check(self, report):
        udp_checks(report, self.packets, self.port, self.ours, self.exchanges, self.buffer)
        quick = [e for e in self.exchanges if e.reply and e.reply.time - e.request.time < 0.9]
        slow = [e for e in self.exchanges if e.reply and e.reply.time - e.request.time >= 1]
        report.also(len(quick) >= 2, "the client's pauses are not between a message and its echo: the echo waits in the "
                    "client's socket until recvfrom() asks for it", [e.reply for e in quick])
        report.also(slow, "the server's pause is: a second or more from message to echo", [e.reply for e in slow])

    def show(self):
        heading("Packets")
        for packet in self.ours:
            exchange = next(e for e in self.exchanges if packet in (e.request, e.reply))
            if packet is exchange.request:
                words = f"client number {self.exchanges.index(exchange) + 1}, with a port that the system gave it"
            else:
                wait = packet.time - exchange.request.time
                words = f"the echo, after {wait:.3f} s" + (": the server slept before its sendto()" if wait >= 1 else "")
            udp_row(packet, self.port, self.packets, words)
        heading("Drawing")
        udp_drawing(self.port, self.exchanges, lambda p: f"length {p.raw.udp_length}  {shown(p.payload, 22)}")

    wrong = [
        ("an echo taken out", lambda c: c.without(4), "no reply"),
        ("a byte of a message changed", lambda c: c.with_bytes(1, b"Echo", b"Ecco"), "differs from its message"),
        ("an echo from another port", lambda c: c.with_byte(6, 14 + 20 + 1, 3), "no reply"),
        ("the slow exchange missing", lambda c: c.without(5, 6), "server's pause"),
    ]


# --------------------------------------------------------------------------- TCP


def after(a, b):
    """How far number a lies after b, around the 32 bits: negative if before."""
    return (a - b + 2**31) % 2**32 - 2**31


@dataclass
class Way:
    """One direction of a connection."""
    segments: list = field(default_factory=list)

    @property
    def data(self):
        return [p for p in self.segments if p.size > 0]

    @property
    def fin(self):
        return next((p for p in self.segments if p.flags & FIN), None)


class Connection:
    def __init__(self, packets):
        self.packets = packets
        self.syn = next((p for p in packets if p.flags & SYN and not p.flags & ACK), None)
        self.syn_ack = next((p for p in packets if p.flags & SYN and p.flags & ACK), None)
        first = self.syn or packets[0]
        # Without a SYN the server is the one with the smaller port.
        client = (first.source, first.sport) if self.syn or first.sport > first.dport else (first.target, first.dport)
        self.client = client
        other = next(p for p in packets)
        self.server = (other.target, other.dport) if (other.source, other.sport) == client else (other.source, other.sport)
        self.up, self.down = Way(), Way()
        for packet in packets:
            (self.up if self.is_up(packet) else self.down).segments.append(packet)
        self.repeated = self.find_repeated()

    def is_up(self, packet):
        return (packet.source, packet.sport) == self.client

    def way(self, packet):
        return self.up if self.is_up(packet) else self.down

    def before(self, packet):
        """The segment before it in its direction."""
        return next((p for p in reversed(self.way(packet).segments) if p.number < packet.number), None)

    def back(self, packet):
        return self.down if self.is_up(packet) else self.up

    @property
    def sender(self):
        """The direction that most bytes go."""
        return max((self.up, self.down), key=lambda way: sum(p.size for p in way.segments))

    @property
    def reset(self):
        return next((p for p in self.packets if p.flags & RST), None)

    def find_repeated(self):
        """Data segments whose bytes had been seen already: retransmissions, and of which packet."""
        repeated = {}
        for way in (self.up, self.down):
            highest, seen = None, {}
            for p in way.data:
                if highest is not None and after(p.end, highest) <= 0 and p.seq in seen:
                    repeated[p.number] = seen[p.seq]
                seen.setdefault(p.seq, p)
                highest = p.end if highest is None or after(p.end, highest) > 0 else highest
        return repeated

    # --- the three phases

    def third(self):
        """The ACK that ends the establishment."""
        if not (self.syn and self.syn_ack):
            return None
        return next((p for p in self.up.segments if p.number > self.syn_ack.number and p.flags & ACK), None)

    def is_established(self):
        ack = self.third()
        return bool(ack and self.syn_ack.ack == (self.syn.seq + 1) % 2**32 and ack.seq == self.syn_ack.ack
                    and ack.ack == (self.syn_ack.seq + 1) % 2**32)

    def missing(self, way):
        """The first byte of a direction that is not in the capture, or that nobody acknowledged."""
        first = next((p for p in way.segments if p.flags & SYN), None)
        if first is None:
            return way.segments[0] if way.segments else None
        reached = (first.seq + 1) % 2**32
        for p in sorted(way.data, key=lambda p: after(p.seq, first.seq)):
            if after(p.seq, reached) > 0:
                return p
            if after(p.seq + p.size, reached) > 0:
                reached = (p.seq + p.size) % 2**32
        acks = [p.ack for p in (self.down if way is self.up else self.up).segments if p.flags & ACK]
        if way.data and not any(after(ack, reached) >= 0 for ack in acks):
            return way.data[-1]
        return None

    def bytes_of(self, way):
        """The stream's bytes in order, each once, up to the first that is missing."""
        first = next((p for p in way.segments if p.flags & SYN), None)
        if first is None:
            return b""
        stream, reached = bytearray(), (first.seq + 1) % 2**32
        for p in sorted(way.data, key=lambda p: after(p.seq, first.seq)):
            skip = after(reached, p.seq)
            if skip < 0:
                break
            stream += p.payload[skip:]
            reached = max(reached, p.seq + p.size, key=lambda n: after(n, first.seq)) % 2**32
        return bytes(stream)

    def acked_fin(self, way):
        fin = way.fin
        other = self.down if way is self.up else self.up
        return fin and next((p for p in other.segments if p.number > fin.number and p.flags & ACK and after(p.ack, fin.end) >= 0), None)

    def is_released(self):
        return bool(self.acked_fin(self.up) and self.acked_fin(self.down))

    def closes_first(self):
        fins = [p for p in (self.up.fin, self.down.fin) if p]
        return None if not fins else "client" if self.is_up(min(fins, key=lambda p: p.number)) else "server"

    # --- what the study of TCP asks about

    def zero_windows(self):
        """ACKs that announce no room, but for the RST's, whose window says nothing."""
        other = self.down if self.sender is self.up else self.up
        return [p for p in other.segments if p.window == 0 and not p.flags & RST]

    def probes(self):
        """What the sender asks while the window is shut: nothing new, or a single byte."""
        result, shut, highest = [], False, None
        for p in self.packets:
            if self.way(p) is not self.sender:
                shut = p.window == 0 and not p.flags & RST
            else:
                if shut and highest is not None and p.size <= 1 and after(p.seq, highest) <= 0 and not p.flags & (FIN | RST):
                    result.append(p)
                if highest is None or after(p.end, highest) > 0:
                    highest = p.end
        return result

    def duplicate_acks(self):
        """ACKs without data that say again what the one before said, while there is data under way."""
        if not self.repeated:
            return []  # nothing was missing: the answer to a probe, a window that opens
        result, last, highest = [], None, None
        for p in self.packets:
            if self.way(p) is self.sender:
                highest = p.end if highest is None or after(p.end, highest) > 0 else highest
            else:
                if last and p.size == 0 and p.ack == last.ack and p.window == last.window and p.window and \
                        not p.flags & (SYN | FIN | RST) and highest is not None and after(highest, p.ack) > 0:
                    result.append(p)
                last = p
        return result

    def flights(self):
        """(packet, bytes sent and not acknowledged) at each segment sent and each ACK received."""
        result, acked, highest = [], None, None
        for p in self.packets:
            if self.way(p) is self.sender:
                highest = p.end if highest is None or after(p.end, highest) > 0 else highest
            elif p.flags & ACK:
                acked = p.ack if acked is None or after(p.ack, acked) > 0 else acked
            if highest is not None and acked is not None:
                result.append((p, max(0, after(highest, acked))))
        return result

    def rounds(self):
        """Segments sent per round trip: a round ends when the first byte of it is acknowledged."""
        result, current, mark = [], [], None
        for p in self.packets:
            if self.way(p) is self.sender:
                if p.size and p.number not in self.repeated:
                    if mark is None:
                        mark = p.seq
                    current.append(p)
            elif current and mark is not None and p.flags & ACK and after(p.ack, mark) > 0:
                result.append(current)
                current, mark = [], None
        return result + ([current] if current else [])

    def round_trips(self):
        """(time of the ACK, seconds) of segments that were sent once."""
        waiting, gaps, result = [], [], []
        for p in self.packets:
            if self.way(p) is self.sender:
                if p.number in self.repeated:
                    gaps.append(p)
                    waiting = [w for w in waiting if w.seq != p.seq]
                elif p.size:
                    waiting.append(p)
            elif p.flags & ACK:
                covers = lambda w: after(p.ack, (w.seq + w.size) % 2**32) >= 0
                covered = [w for w in waiting if covers(w)]
                # An ACK that came late because of a gap measures the gap.
                if covered and not any(covers(gap) for gap in gaps):
                    result.append((p.time, p.time - covered[-1].time))
                gaps = [gap for gap in gaps if not covers(gap)]
                waiting = [w for w in waiting if w not in covered]
        return result

    # --- a segment in words

    def words(self, p):
        who, other = ("client", "server") if self.is_up(p) else ("server", "client")
        if p.flags & RST:
            return ("reset: nobody listens on that port" if p.flags & ACK and not self.syn_ack else
                    f"reset: the {who} breaks off; no FIN, nothing to acknowledge, what was under way is thrown away")
        if p.flags & SYN and not p.flags & ACK:
            return f"the client asks for a connection: its bytes will be numbered from {p.seq} + 1 on"
        if p.flags & SYN:
            return (f"the server agrees: ack = {p.ack - 1} + 1 (the SYN counts as one byte); "
                    f"its own bytes go from {p.seq} + 1 on")
        if self.third() is p and p.size == 0:
            return f"ack = {p.ack - 1} + 1: established"
        parts = []
        if p.number in self.repeated:
            parts.append(f"again bytes {p.seq} to {p.seq + p.size - 1}, which packet {self.repeated[p.number].number} carried already")
        elif p.size:
            what = f"{shown(p.payload)}: " if p.size <= 40 else ""
            parts.append(f"{what}byte{'s' if p.size > 1 else ''} {p.seq}{f' to {p.seq + p.size - 1}' if p.size > 1 else ''}; "
                         f"the next one will be {p.seq + p.size}")
        if p.flags & FIN:
            parts.append(f"FIN: the {who} sends nothing more; it takes number {(p.seq + p.size) % 2**32}")
        if not parts or p.flags & FIN and not p.size:
            if self.acked_fin(self.back(p)) is p:
                parts.append(f"ack = {p.ack - 1} + 1: the {other}'s FIN, which counts as one byte, has come")
            elif self.way(p) is not self.sender and p.window == 0:
                parts.append("window 0: no room left; the sender must stop")
            elif self.way(p) is not self.sender and self.before(p) and self.before(p).window == 0:
                parts.append(f"room again, for {p.window} bytes")
            elif p in self.probes():
                parts.append("window probe: is there room now?")
            elif p in self.duplicate_acks():
                parts.append(f"again: {p.ack} is still what is missing")
            elif not p.flags & FIN:
                parts.append(f"all up to {p.ack - 1} has come; {p.ack} is expected next")
        return "; ".join(parts)

    def label(self, p):
        text = f"{p.names.replace(' ', ',')} seq={p.seq}"
        if p.flags & ACK:
            text += f" ack={p.ack}"
        return text + (f" len={p.size}" if p.size else "")

    def show_rows(self, packets):
        for p in packets:
            if p is None:
                say(f"{'':7}…")
                continue
            arrow = "client → server" if self.is_up(p) else "server → client"
            row(p, arrow, f"{p.names:<11} seq {p.seq:<10} ack {p.ack if p.flags & ACK else '-':<10} len {p.size:<4} win {p.window}",
                self.words(p))

    def show_drawing(self, packets):
        events, start = [], self.packets[0].time
        for p in packets:
            events.append("…" if p is None else (p.time - start, self.is_up(p), self.label(p)))
        drawing(f"client {self.client[0]}:{self.client[1]}", f"server {self.server[0]}:{self.server[1]}", events)

    def essential(self):
        """The packets worth a line in a long connection; None where some are left out."""
        data = self.sender.data
        chosen = [p for p in self.packets if p.flags & (SYN | FIN | RST)] + [p for p in [self.third()] if p] + data[:3]
        if data:
            chosen += [next((p for p in self.packets if self.way(p) is not self.sender and p.number > data[0].number), data[0])]
        chosen += self.zero_windows()[:3] + self.probes()[:3]
        if self.zero_windows():
            chosen += [p for p in self.packets if p.number > self.zero_windows()[-1].number][:2]
        lost = [self.repeated[n] for n in self.repeated][:2]
        chosen += lost + [p for p in self.packets if p.number in self.repeated][:2] + self.duplicate_acks()[:3]
        for n in list(self.repeated)[:2]:
            again = next(p for p in self.packets if p.number == n)
            chosen += [p for p in self.packets if self.way(p) is not self.sender and p.number > n and after(p.ack, again.end) >= 0][:1]
        chosen += [p for p in (self.acked_fin(self.up), self.acked_fin(self.down)) if p]
        result, last = [], None
        for p in self.packets:
            if p in chosen:
                result.append(p)
                last = p
            elif last is not None:
                result.append(None)
                last = None
        return result


def connections(packets, usual_port):
    """The TCP connections to the usual port, or all."""
    streams = {}
    for p in packets:
        if p.is_tcp:
            streams.setdefault(p.raw.tcp_stream, []).append(p)
    found = [Connection(stream) for stream in streams.values()]
    usual = [c for c in found if c.server[1] == usual_port]
    return usual or found


def check_phases(report, all_found, found, both_ways=True):
    report.check(all_found, "a TCP connection was captured" if all_found else "no TCP connection was captured")
    for c in found:
        which = "" if len(found) == 1 else f"connection {all_found.index(c) + 1}: "
        report.check(c.is_established(), f"{which}establishment: SYN, then SYN+ACK with ack = seq + 1, then ACK with ack = seq + 1",
                     [p for p in (c.syn, c.syn_ack, c.third()) if p])
        holes = [p for p in (c.missing(c.up), c.missing(c.down)) if p]
        moved = c.up.data and (c.down.data or not both_ways) and not holes
        report.check(moved, f"{which}transfer: every byte follows the one before it and is acknowledged" if not holes else
                     f"{which}transfer: something is missing, or not acknowledged", holes or c.up.data + c.down.data)
        if c.reset:
            continue
        report.check(c.is_released(), f"{which}release: a FIN each way, each acknowledged with its number + 1",
                     [p for p in (c.up.fin, c.acked_fin(c.up), c.down.fin, c.acked_fin(c.down)) if p])


class Api2_4:
    file = "api.2.4.pcap"

    def __init__(self, packets):
        self.found = connections(packets, 3500)

    def pause(self, c, kind):
        """Seconds before something: the client's first data, the echo, the client's FIN."""
        if kind == "message":
            return c.up.data[0].time - c.third().time if c.up.data and c.third() else 0
        if kind == "echo":
            return c.down.data[0].time - c.up.data[0].time if c.up.data and c.down.data else 0
        fin, echo = c.up.fin, c.down.data
        return fin.time - echo[-1].time if fin and echo else 0

    def check(self, report):
        check_phases(report, self.found, self.found)
        other = [c for c in self.found if c.bytes_of(c.up) != c.bytes_of(c.down)]
        report.check(self.found and not other, "the echo is the message, byte for byte" if not other else
                     "the echo differs from the message", [p for c in other for p in c.down.data])
        for kind, sentence in (("message", "the client's pause after connect() is seen: established, and silent for a second"),
                               ("echo", "the server's pause is seen: the message is acknowledged at once (by TCP), echoed "
                                "later (by the program)"),
                               ("close", "the client's pause before close() is seen: its FIN comes a second after the echo")):
            slow = [c for c in self.found if self.pause(c, kind) >= 1]
            report.also(slow, sentence, [p for c in slow for p in
                                         ({"message": c.up.data, "echo": c.down.data}.get(kind) or [c.up.fin])[:1]])

    def show(self):
        for n, c in enumerate(self.found, 1):
            heading(f"Connection {n}")
            c.show_rows(c.packets)
            say()
            c.show_drawing(c.packets)

    wrong = [
        ("the first SYN+ACK taken out", lambda c: c.without(2), "establishment"),
        ("an echo changed", lambda c: c.with_bytes(6, b"Hola", b"Hole"), "echo differs"),
        ("a message taken out", lambda c: c.without(4), "transfer"),
        ("a segment from another port", lambda c: c.with_byte(6, 14 + 20 + 1, 1), "transfer"),
        ("the last two segments taken out", lambda c: c.without(c.count - 1, c.count), "release"),
    ]


class P4tcp_5:
    file = "p4tcp.5.pcap"
    move = 5000, 7000  # checks hold on any port

    def __init__(self, packets):
        self.found = connections(packets, 5000)

    def check(self, report):
        # One whole connection is what the exercise asks for; ours all have to be.
        whole = [c for c in self.found if c.is_established() and c.is_released()]
        check_phases(report, self.found, self.found if report.strict else (whole or self.found)[:1])
        for who in ("client", "server"):
            first = [c for c in self.found if c.closes_first() == who and c.is_released()]
            report.also(first, f"a connection in which the {who} closes first", [c.up.fin for c in first] + [c.down.fin for c in first])
        resets = [c for c in self.found if c.reset]
        fits = [c for c in resets if all(after(c.reset.seq, p.end) >= 0 for p in c.way(c.reset).segments if p.number < c.reset.number)]
        report.also(fits, "a connection broken off by RST, whose seq is the number that the other side expects", [c.reset for c in fits])

    def show(self):
        for n, c in enumerate(self.found, 1):
            end = "broken off by a reset" if c.reset else f"the {c.closes_first()} closes first" if c.closes_first() else "not closed"
            heading(f"Connection {n}: {end}")
            c.show_rows(c.packets)
            say()
            c.show_drawing(c.packets)

    wrong = [
        ("SYN+ACK's acknowledgement one too large", lambda c: c.with_byte(2, 14 + 20 + 11, 1), "establishment"),
        ("the first ACK taken out", lambda c: c.without(3, 4), "establishment"),
        ("the message taken out", lambda c: c.without(4), "transfer"),
        ("a FIN from another port", lambda c: c.with_byte(c.find(lambda p: p.flags & FIN), 14 + 20 + 1, 1), "release"),
        ("the reset taken out", lambda c: c.without(c.find(lambda p: p.flags & RST)), "RST"),
        ("the connection that the server closes missing", lambda c: c.without(*c.all(lambda p: p.raw.tcp_stream == "2")),
         "server closes first"),
    ]


class P4tcp_f3:
    file = "p4tcp.f3.pcap"
    pictures = Path("captures")  # where the graphs go
    name = "p4tcp.f3"

    def __init__(self, packets):
        found = connections(packets, 5000)
        # A file's transfer, not whatever else a browser does.
        self.found = sorted((c for c in found if sum(p.size for p in c.sender.segments) > 20000), key=lambda c: c.packets[0].number)

    def check(self, report):
        check_phases(report, self.found, self.found, both_ways=False)
        for n, c in enumerate(self.found, 1):
            which = "" if len(self.found) == 1 else f"connection {n}: "
            limit = min((number(p.raw.tcp_options_mss_val) for p in (c.syn, c.syn_ack) if p and p.raw.tcp_options_mss_val), default=0)
            large = [p for p in c.sender.data if limit and p.size > limit]
            report.also(limit and not large, f"{which}no segment is larger than the MSS, {limit} (no offload was left on)", large)
        slow = [c for c in self.found if self.is_slow_start(c)]
        report.also(slow, "slow start: of the first three rounds each has half as many segments again as the one before, or more"
                    + (": " + ", ".join(str(len(r)) for r in slow[0].rounds()[:6]) if slow else ""),
                    [r[0] for r in slow[0].rounds()[:4]] if slow else ())
        shut = [c for c in self.found if c.zero_windows()]
        report.also(shut, "flow control: the receiver announces window 0", [p for c in shut for p in c.zero_windows()])
        probed = [c for c in shut if len(c.probes()) >= 2]
        report.also(probed, "and the sender asks again and again whether there is room (window probes)", [p for c in probed for p in c.probes()])
        again = [c for c in self.found if c.repeated]
        report.also(again, "reliable transfer: lost segments are sent again",
                    [p for c in again for p in c.packets if p.number in c.repeated])
        quick = [c for c in again if len(c.duplicate_acks()) >= 3]
        report.also(quick, "duplicate ACKs tell the sender of the gap, so that it need not wait for its timeout (fast retransmit)",
                    [p for c in quick for p in c.duplicate_acks()])

    @staticmethod
    def is_slow_start(c):
        sizes = [len(r) for r in c.rounds()[:3]]
        return len(sizes) == 3 and sizes[0] <= 10 and all(b >= 1.5 * a for a, b in zip(sizes, sizes[1:]))

    def show(self):
        for n, c in enumerate(self.found, 1):
            heading(f"Connection {n}: {self.title(c)}")
            c.show_rows(c.essential())
            say()
            c.show_drawing(c.essential())
        heading("The exercise's questions, answered by this capture")
        for n, c in enumerate(self.found, 1):
            self.answers(n, c)
        pictures = graphs.draw(self.pictures, self.name, [(f"connection {n}: {self.title(c)}", c)
                                                          for n, c in enumerate(self.found, 1)])
        if pictures:
            heading("Wireshark's four graphs (Statistics ▸ TCP Stream Graphs)")
            for picture in pictures:
                say(f"  {picture}")

    @staticmethod
    def title(c):
        words = [word for word, holds in (("the receiver sleeps", c.zero_windows()), ("segments lost", c.repeated)) if holds]
        return " and ".join(words) or "nothing in the way"

    def answers(self, n, c):
        data, start = c.sender.data, c.packets[0].time
        total = sum(p.size for p in data if p.number not in c.repeated)
        duration = max(c.packets[-1].time - start, 1e-6)
        trips = [seconds for _, seconds in c.round_trips()] or [0]
        most, where = max(((flight, p) for p, flight in c.flights()), key=lambda pair: pair[0])
        sizes = [len(r) for r in c.rounds()]
        answers = [
            f"connection {n}: {total} bytes in {len(data)} segments, {duration:.3f} s, {total * 8 / duration / 1e6:.2f} Mbit/s",
            f"slow start? Segments per round trip: {', '.join(map(str, sizes[:8]))}{', …' if len(sizes) > 8 else ''}"
            + ("; every ACK lets out one segment more than it acknowledges, so a round has twice the one before"
               if self.is_slow_start(c) else ""),
            f"bytes under way: {most} at most (packet {where.number})",
            f"round trip: {min(trips) * 1000:.1f} to {max(trips) * 1000:.1f} ms"
            + ("; it grows where segments queue up before the slowest link" if max(trips) > 1.3 * min(trips) > 0 else ""),
        ]
        if c.repeated:
            first, gone = min(c.repeated.items())
            waited = next(p for p in c.packets if p.number == first).time - gone.time
            answers.append(f"retransmissions? {len(c.repeated)}: packet {first} sends again what packet {gone.number} carried, "
                           f"{waited * 1000:.0f} ms later; duplicate ACKs by then: {len([p for p in c.duplicate_acks() if p.number < first])}")
        else:
            answers.append("retransmissions? none")
        shut = c.zero_windows()
        if shut:
            probes = c.probes()
            opened = next((p for p in c.packets if p.number > shut[-1].number and c.way(p) is not c.sender and p.window), None)
            gaps = [b.time - a.time for a, b in zip([shut[0]] + probes, probes)]
            doubles = len(gaps) > 1 and all(b > 1.5 * a for a, b in zip(gaps, gaps[1:]))
            answers.append(f"did the receiver's buffer fill up? Yes: window 0 in packet {shut[0].number}, {shut[0].time - start:.3f} s"
                           + (f"; probes after {', '.join(f'{gap:.2f}' for gap in gaps)} s" if probes else "")
                           + (", each wait twice the last" if doubles else "")
                           + (f"; room again in packet {opened.number}" if opened else ""))
        else:
            least = min((p for p in c.packets if c.way(p) is not c.sender and not p.flags & (RST | SYN)), key=lambda p: p.window)
            answers.append(f"did the receiver's buffer fill up? No: its window was never under {least.window} (packet {least.number})")
        answers.append(f"release: the {c.closes_first()}'s FIN is first")
        for answer in answers:
            indent = "  " if answer.startswith("connection") else "    "
            say(textwrap.fill(answer, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False))

    wrong = [
        ("a data segment taken out", lambda c: c.without(20), "transfer"),
        ("the retransmissions taken out", lambda c: c.without(*c.all(lambda p: p.number in c.repeated)), "sent again"),
        ("the shut windows taken out", lambda c: c.without(*c.all(lambda p: p.is_tcp and p.window == 0)), "window 0"),
        ("the slow transfers alone", lambda c: c.without(*c.all(lambda p: p.is_tcp and p.flags & SYN)), "establishment"),
        ("a FIN taken out", lambda c: c.without(c.find(lambda p: p.flags & FIN and p.sport == 5000)), "release"),
    ]


# --------------------------------------------------------------------------- SIP


class P4sip_12:
    file = "register.libpcap"
    move = 5060, 6001  # checks hold on any port
    expected = [("marty.mcfly@sk8ing.com", 5), ("doc@delorean.com", 3600), ("doc@delorean.com", 0), ("marty.mcfly@sk8ing.com", 0)]

    def __init__(self, packets):
        sip = [p for p in packets if p.is_udp and (p.raw.sip_Method or p.raw.sip_Status_Code or
                                                   p.payload.startswith((b"REGISTER", b"SIP/2.0")))]
        self.port = Counter(p.dport for p in sip if p.payload.startswith(b"REGISTER")).most_common(1)
        self.port = self.port[0][0] if self.port else 5060
        self.packets = [p for p in packets if p.is_udp and self.port in (p.sport, p.dport)]
        self.exchanges = []
        for p in self.packets:
            if p.dport == self.port:
                if any(e.request.payload == p.payload and e.request.sport == p.sport for e in self.exchanges):
                    continue  # the same message once more
                self.exchanges.append(Exchange(p))
            else:
                waiting = [e for e in self.exchanges if e.reply is None and e.request.sport == p.dport]
                if waiting:
                    waiting[0].reply = p

    def find(self, letter):
        """The exchange of interaction a, b, d or e: the user's first with that expiry, after the one before."""
        user, expires = self.expected["abde".index(letter)]
        return next((e for e in self.exchanges if e.request.raw.sip_r_uri.lower() == f"sip:{user}" and
                     number(e.request.raw.sip_Expires or "-1") == expires), None)

    def check(self, report):
        steps = {letter: self.find(letter) for letter in "abde"}
        pair = lambda e: [p for p in (e.request, e.reply) if p] if e else []
        b, d = steps["b"], steps["d"]
        for letter, (user, expires) in zip("abde", self.expected):
            if letter == "d":
                gap = d.request.time - (b.reply or b.request).time if b and d else 0
                report.check(gap > 5, f"(c) between (b) and (d) {gap:.1f} s pass, which is more than five" if gap > 5 else
                             f"(c) between (b) and (d) more than five seconds must pass, and {gap:.1f} s do",
                             [e.request for e in (b, d) if e])
            what = f"{user} registers, for {expires} s" if expires else f"{user} leaves (Expires: 0)"
            e = steps[letter]
            good = bool(e and e.reply and e.reply.raw.sip_Status_Code == "200")
            report.check(good, f"({letter}) {what}, and is answered 200 OK", pair(e))
        order = [steps[letter].request.number for letter in "abde" if steps[letter]]
        report.check(order == sorted(order), "the interactions come in the exercise's order")
        odd = [p for p in self.packets if not (p.raw.sip_Method or p.raw.sip_Status_Code) or p.raw.ws_malformed]
        report.check(self.packets and not odd, "every packet decodes as SIP, none is malformed" if not odd else
                     "a packet does not decode as SIP", odd or self.packets)
        short = [p for p in self.packets if not p.payload.endswith(b"\r\n\r\n")]
        report.check(self.packets and not short, "every message ends with an empty line (\\r\\n\\r\\n)" if not short else
                     "a message lacks the empty line at its end (\\r\\n\\r\\n)", short)
        clear = [p for p in self.packets if p.payload.isascii() and any(name in p.payload for name in (b"marty.mcfly", b"doc@delorean"))]
        report.check(clear, "everything goes over the network in clear text: who registers can be read", clear)

    def show(self):
        heading("Packets")
        for p in self.packets:
            arrow = "client → server" if p.dport == self.port else "server → client"
            row(p, arrow, f"{p.sport} → {p.dport}  SIP {p.raw.sip_Method or p.raw.sip_Status_Code}  {len(p.payload)} bytes", self.words(p))
            for line in p.payload.decode("utf-8", "replace").split("\r\n"):
                if line:
                    say(f"{'':18}{line[:80]}")
        heading("Drawing")
        events, last = [], None
        for p in self.packets:
            if last is not None and p.time - last > 1:
                events.append(f"(c) {p.time - last:.1f} s")
            last = p.time
            events.append((p.time, p.dport == self.port, f"REGISTER {p.raw.sip_r_uri.removeprefix('sip:')} {p.raw.sip_Expires}"
                           if p.raw.sip_Method else f"{p.raw.sip_Status_Code} OK"))
        first = self.packets[0]
        drawing(f"client {first.source}", f"server {first.target}:{self.port}", events)

    def words(self, p):
        for letter in "abde":
            e = self.find(letter)
            if e and e.request is p:
                return {"a": "(a) marty registers for 5 seconds", "b": "(b) doc registers for an hour",
                        "d": "(d) doc leaves", "e": "(e) marty leaves, though his 5 seconds were over already"}[letter]
            if e and e.reply is p:
                return "accepted"
        return ""

    wrong = [
        ("an interaction missing", lambda c: c.without(5, 6), "(d)"),
        ("an answer taken out", lambda c: c.without(4), "(b)"),
        ("an expiry changed", lambda c: c.with_bytes(3, b"3600", b"3601"), "(b)"),
        ("another user", lambda c: c.with_bytes(1, b"marty", b"morty"), "(a)"),
        ("an answer from another port", lambda c: c.with_byte(2, 14 + 20 + 1, 1), "(a)"),
        ("the seconds not waited", lambda c: c.earlier(5, 4), "(c)"),
        ("an answer that is no SIP", lambda c: c.with_bytes(8, b"SIP/2.0", b"SOP/2.0"), "decode"),
    ]


# --------------------------------------------------------------------------- HTTP


@dataclass
class Download:
    """A request and as much of its answer as came."""
    connection: Connection
    request: str
    status: int
    headers: dict
    head: str
    body: bytes

    @property
    def size(self):
        return int(self.headers.get("content-length", -1))

    @property
    def offset(self):
        """Content-Range: bytes 40000-100351/100352."""
        text = self.headers.get("content-range", "")
        return int(text.split()[1].split("-")[0]) if text.startswith("bytes ") else 0

    @property
    def target(self):
        return self.request.split(" ")[1] if self.request.count(" ") >= 2 else ""


def download(c):
    request, response = c.bytes_of(c.up), c.bytes_of(c.down)
    if not request.startswith(b"GET ") or b"\r\n\r\n" not in response:
        return None
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    words = lines[0].split(" ")
    return Download(c, request.split(b"\r\n\r\n")[0].decode("latin-1"), int(words[1]) if len(words) > 1 and words[1].isdigit() else 0,
                    headers, lines[0], body)


class C1_2:
    file = "c1.2.pcap"

    def __init__(self, packets):
        self.found = connections(packets, 8000)
        self.downloads = [d for d in map(download, self.found) if d]
        # The parts of a file: what is asked for more than once.
        name = lambda d: d.target.rpartition("/")[2]
        names = Counter(name(d) for d in self.downloads if name(d))
        wanted = names.most_common(1)[0][0] if names else ""
        self.parts = [d for d in self.downloads if wanted and name(d) == wanted]

    def check(self, report):
        segments = lambda d: [p for p in d.connection.down.segments if p.size][:1] + [p for p in d.connection.down.segments if p.size][-1:]
        if not report.check(len(self.parts) >= 2, "a file is asked for in one connection and again in another",
                            [d.connection.packets[0] for d in self.parts]):
            return
        first, last = self.parts[0], self.parts[-1]
        report.check(first.status in (200, 206) and 0 < len(first.body) < first.size,
                     f"the first is cut: {len(first.body)} of {first.size} bytes came", segments(first))
        report.check(last.status in (200, 206) and len(last.body) == last.size,
                     f"the last is not: all of its {last.size} bytes came" if len(last.body) == last.size else
                     f"the last is cut as well: {len(last.body)} of {last.size} bytes came", segments(last))
        total, reached, again = first.size, 0, 0
        for d in self.parts:
            begins = d.offset if d.status == 206 else total - d.size
            if begins > reached:
                break
            again += reached - begins
            reached = begins + len(d.body)
        report.check(reached == total, f"the parts make up the file, {total} bytes" + (
                         "; no byte came twice" if not again else
                         f"; {again} bytes, under way when the network went, came twice") if reached == total else
                     f"the parts do not make up the file: byte {reached} of {total} is in none of them", segments(last)[:1])
        addresses = [d.connection.client[0] for d in self.parts]
        report.also(len(set(addresses)) > 1, f"the client has another address afterwards ({addresses[0]}, then {addresses[-1]})",
                    [d.connection.packets[0] for d in self.parts])
        report.also(last.status == 206 and 0 < last.offset <= len(first.body) and f"bytes={last.offset}-" in last.request,
                    f"the client says what it has (Range: bytes={last.offset}-) and is answered 206 with Content-Range",
                    [p for p in last.connection.up.segments if p.size][:1])
        ids = {d.target.rpartition("/")[0] for d in self.parts}
        report.check(len(ids) == 1, "by its id it is the same client", [p for d in self.parts for p in d.connection.up.data[:1]])

    def show(self):
        for n, c in enumerate(self.found, 1):
            heading(f"Connection {n}, client {c.client[0]}:{c.client[1]}")
            one = next((d for d in self.downloads if d.connection is c), None)
            c.show_rows(self.essential(c))
            if one:
                say()
                wanted = ("get ", "range", "if-range", "content-range", "content-length")
                for line in one.request.split("\r\n"):
                    if line.lower().startswith(wanted):
                        say(f"{'':16}→ {line[:80]}")
                say(f"{'':16}← {one.head[:80]}")
                for key, value in one.headers.items():
                    if key.startswith(wanted):
                        say(f"{'':16}← {key.title()}: {value[:60]}")
                say(f"{'':16}← {len(one.body)} bytes of body" + ("" if len(one.body) == one.size else f" of {one.size}: cut"))
        heading("Drawing")
        for c in self.found:
            c.show_drawing(self.essential(c))
            say()

    @staticmethod
    def essential(c):
        chosen = c.packets[:6] + [p for p in c.packets if p.flags & (FIN | RST)] + c.packets[-2:]
        result = []
        for p in c.packets:
            if p in chosen:
                result.append(p)
            elif result and result[-1] is not None:
                result.append(None)
        return result

    wrong = [
        ("the new address changed back", lambda c: c.everywhere(bytes([10, 0, 0, 77]), bytes([10, 0, 0, 1])), "another address"),
        ("the rest's range changed", lambda c: c.everywhere(b"Content-Range: bytes ", b"Content-Range: bytes 1"), "file"),
        ("a segment of the rest taken out", lambda c: c.without(c.all(lambda p: p.source == "10.0.0.2" and p.size > 1000)[-3]), "cut as well"),
        ("the second connection missing", lambda c: c.without(*c.all(lambda p: "10.0.0.77" in (p.source, p.target))), "again in another"),
    ]


LABS = {"p3.5": P3_5, "api.1.4": Api1_4, "api.2.4": Api2_4, "p4tcp.5": P4tcp_5, "p4tcp.f3": P4tcp_f3,
        "p4sip.12": P4sip_12, "c1.2": C1_2}


# --------------------------------------------------------------------------- captures made wrong on purpose


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
            subprocess.run(["editcap", "-F", "pcapng", str(self.file), str(target), *map(str, packets)], check=True, capture_output=True)
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


# --------------------------------------------------------------------------- commands


def checked(lab, file, strict):
    packets = read(file)
    one = LABS[lab](packets)
    report = Report(strict)
    one.check(report)
    return packets, one, report


def show(lab, file, strict):
    packets, one, report = checked(lab, file, strict)
    one.name = Path(file).stem
    seconds = packets[-1].time if packets else 0
    say(f"{lab}  {file}: {len(packets)} packets, {seconds:.3f} s")
    try:
        one.show()
    except (IndexError, StopIteration, AttributeError, ValueError):
        say("  (not all that the lab shows is there)")
    heading("Checks  (packets in brackets)")
    say("\n".join(report.lines))
    say()
    say(f"{len(report.failed)} of {len(report.lines)} checks fail" if report.failed else
        f"all holds; to look at it: wireshark {file}")
    return 1 if report.failed else 0


def test(lab, file):
    packets, one, report = checked(lab, file, True)
    if report.failed:
        say("\n".join(report.lines))
        return 1
    copy, failures = Copy(file, packets), 0
    with tempfile.TemporaryDirectory() as folder:
        for what, make, expected in one.wrong:
            target = Path(folder) / "wrong.pcap"
            make(copy)(target)
            _, _, wrong_report = checked(lab, target, True)
            if not any(expected in sentence for sentence in wrong_report.failed):
                failures += 1
                say(f"{what}: no check about '{expected}' fails, only {wrong_report.failed}")
        port, other = getattr(one, "move", (0, 0))
        if port:
            target = Path(folder) / "moved.pcap"
            copy.moved(port, other)(target)
            _, _, moved_report = checked(lab, target, True)
            if moved_report.failed:
                failures += 1
                say(f"on port {other}, as raw IP, in pcapng, these fail: {moved_report.failed}")
        one.pictures = Path(folder)
        with contextlib.redirect_stdout(io.StringIO()) as text:
            one.show()
        wide = [line for line in text.getvalue().splitlines() if len(line) > WIDTH]
        if wide:
            failures += 1
            say(f"wider than {WIDTH} columns: {wide[0]}")
        pictures = [picture for picture in Path(folder).iterdir() if picture.suffix in (".png", ".svg")]
        expected = 2 * len(graphs.GRAPHS) if lab == "p4tcp.f3" and shutil.which("gnuplot") else 0
        if len(pictures) != expected or any(picture.stat().st_size < 5000 for picture in pictures):
            failures += 1
            say(f"{expected} pictures must come, not {[(p.name, p.stat().st_size) for p in pictures]}")
    return 1 if failures else 0


def main(arguments):
    if len(arguments) < 2 or arguments[1] not in LABS or arguments[0] not in ("show", "check", "test"):
        say(f"Usage: make check-capture EJ=p4sip.12 FILE=register.libpcap\nThe labs: {' '.join(LABS)}")
        return 2
    command, lab = arguments[:2]
    file = Path(arguments[2]) if len(arguments) > 2 else Path("captures") / LABS[lab].file
    if not file.is_file():
        say(f"{file or 'FILE'}: there is no such capture")
        return 2
    if not shutil.which("tshark"):
        say("needs tshark (Debian, Ubuntu: tshark; Fedora: wireshark-cli; Homebrew: wireshark)")
        return 2
    if command == "test":
        return test(lab, file)
    own_program = any(os.environ.get(name) for name in ("CMD", "SERVER", "CLIENT"))
    return show(lab, file, strict=command == "show" and not own_program)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
