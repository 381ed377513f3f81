"""A capture's packets, read once by tshark as fields, and how they are shown: table, drawing, checks."""
import os
import subprocess
import sys
import tempfile
import textwrap
from collections import namedtuple
from dataclasses import dataclass

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

    def check(self, holds, sentence, packets=(), optional=False, excuse=""):
        sign = "✓" if holds else "–" if excuse or (optional and not self.strict) else "✗"
        where = f"  [{numbers(packets)}]" if packets else ""
        if sign == "–":
            text = f"not in this capture, {excuse or 'nor does the exercise ask for it'}: {sentence}"
        else:
            text = sentence
        self.lines.append(textwrap.fill(text + where, WIDTH, initial_indent=f"  {sign} ", subsequent_indent="    ",
                                        break_on_hyphens=False, break_long_words=False))
        if sign == "✗":
            self.failed.append(sentence)
        return holds

    def also(self, holds, sentence, packets=(), excuse=""):
        return self.check(holds, sentence, packets, True, excuse)


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
