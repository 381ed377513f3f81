"""The labs over TCP: the echo (api.2.4), its segments (p4tcp.5), a long transfer (p4tcp.f3), a download
that is cut (c1.2)."""
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import graphs
from connection import Connection, after, check_phases, connections
from packets import FIN, RST, SYN, WIDTH, heading, number, say


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
        for kind, sentence in (
                ("message", "the client's pause after connect() is seen: established, and silent for a second"),
                ("echo", "the server's pause is seen: the message is acknowledged at once (by TCP), echoed later (by "
                 "the program)"),
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
            report.also(first, f"a connection in which the {who} closes first",
                        [c.up.fin for c in first] + [c.down.fin for c in first])
        resets = [c for c in self.found if c.reset]
        fits = [c for c in resets if all(after(c.reset.seq, p.end) >= 0 for p in c.way(c.reset).segments
                                         if p.number < c.reset.number)]
        report.also(fits, "a connection broken off by RST, whose seq is the number that the other side expects",
                    [c.reset for c in fits])

    def show(self):
        for n, c in enumerate(self.found, 1):
            first = c.closes_first()
            end = "broken off by a reset" if c.reset else f"the {first} closes first" if first else "not closed"
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
        self.found = [c for c in found if sum(p.size for p in c.sender.segments) > 20000]

    def check(self, report):
        check_phases(report, self.found, self.found, both_ways=False)
        for n, c in enumerate(self.found, 1):
            which = "" if len(self.found) == 1 else f"connection {n}: "
            limits = [number(p.raw.tcp_options_mss_val) for p in (c.syn, c.syn_ack) if p]
            limit = min(limits, default=0)
            large = [p for p in c.sender.data if limit and p.size > limit]
            report.also(limit and not large,
                        f"{which}no segment is larger than the MSS, {limit} (no offload was left on)", large)
        slow = [c for c in self.found if self.is_slow_start(c)]
        report.also(slow, "slow start: of the first three rounds each has half as many segments again as the one "
                    "before, or more" + (": " + ", ".join(str(len(r)) for r in slow[0].rounds()[:6]) if slow else ""),
                    [r[0] for r in slow[0].rounds()[:4]] if slow else ())
        shut = [c for c in self.found if c.zero_windows()]
        report.also(shut, "flow control: the receiver announces window 0", [p for c in shut for p in c.zero_windows()])
        probed = [c for c in shut if len(c.probes()) >= 2]
        report.also(probed, "and the sender asks again and again whether there is room (window probes)",
                    [p for c in probed for p in c.probes()])
        again = [c for c in self.found if c.repeated]
        report.also(again, "reliable transfer: lost segments are sent again",
                    [p for c in again for p in c.packets if p.number in c.repeated])
        quick = [c for c in again if len(c.duplicate_acks()) >= 3]
        report.also(quick, "duplicate ACKs tell the sender of the gap, so that it need not wait for its timeout "
                    "(fast retransmit)", [p for c in quick for p in c.duplicate_acks()])

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
        told = (("the receiver sleeps", c.zero_windows()), ("segments lost", c.repeated))
        words = [word for word, holds in told if holds]
        return " and ".join(words) or "nothing in the way"

    def answers(self, n, c):
        data, start = c.sender.data, c.packets[0].time
        total = sum(p.size for p in data if p.number not in c.repeated)
        duration = max(c.packets[-1].time - start, 1e-6)
        trips = [seconds for _, seconds in c.round_trips()] or [0]
        most, where = max(((flight, p) for p, flight in c.flights()), key=lambda pair: pair[0])
        sizes = [len(r) for r in c.rounds()]
        answers = [
            f"connection {n}: {total} bytes in {len(data)} segments, {duration:.3f} s, "
            f"{total * 8 / duration / 1e6:.2f} Mbit/s",
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
            told = len([p for p in c.duplicate_acks() if p.number < first])
            answers.append(f"retransmissions? {len(c.repeated)}: packet {first} sends again what packet {gone.number} "
                           f"carried, {waited * 1000:.0f} ms later; duplicate ACKs by then: {told}")
        else:
            answers.append("retransmissions? none")
        shut = c.zero_windows()
        if shut:
            probes = c.probes()
            opened = next((p for p in c.answers if p.number > shut[-1].number and p.window), None)
            gaps = [b.time - a.time for a, b in zip([shut[0]] + probes, probes)]
            doubles = len(gaps) > 1 and all(b > 1.5 * a for a, b in zip(gaps, gaps[1:]))
            answers.append(f"did the receiver's buffer fill up? Yes: window 0 in packet {shut[0].number}, "
                           f"{shut[0].time - start:.3f} s"
                           + ("; probes after " + ", ".join(f"{gap:.2f}" for gap in gaps) + " s" if probes else "")
                           + (", each wait twice the last" if doubles else "")
                           + (f"; room again in packet {opened.number}" if opened else ""))
        else:
            least = min((p for p in c.answers if not p.flags & (RST | SYN)), key=lambda p: p.window)
            answers.append(f"did the receiver's buffer fill up? No: its window was never under {least.window} "
                           f"(packet {least.number})")
        answers.append(f"release: the {c.closes_first()}'s FIN is first")
        for answer in answers:
            indent = "  " if answer.startswith("connection") else "    "
            say(textwrap.fill(answer, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
                              break_on_hyphens=False))

    wrong = [
        ("a data segment taken out", lambda c: c.without(20), "transfer"),
        ("the retransmissions taken out", lambda c: c.without(*c.all(lambda p: p.number in c.repeated)), "sent again"),
        ("the shut windows taken out", lambda c: c.without(*c.all(lambda p: p.is_tcp and p.window == 0)), "window 0"),
        ("the slow transfers alone", lambda c: c.without(*c.all(lambda p: p.is_tcp and p.flags & SYN)), "establishment"),
        ("a FIN taken out", lambda c: c.without(c.find(lambda p: p.flags & FIN and p.sport == 5000)), "release"),
    ]


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
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Download(c, request.split(b"\r\n\r\n")[0].decode("latin-1"), status, headers, lines[0], body)


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
        segments = lambda d: d.connection.down.data[:1] + d.connection.down.data[-1:]
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
        report.also(len(set(addresses)) > 1,
                    f"the client has another address afterwards ({addresses[0]}, then {addresses[-1]})",
                    [d.connection.packets[0] for d in self.parts])
        report.also(last.status == 206 and 0 < last.offset <= len(first.body) and f"bytes={last.offset}-" in last.request,
                    f"the client says what it has (Range: bytes={last.offset}-) and is answered 206 with Content-Range",
                    last.connection.up.data[:1])
        ids = {d.target.rpartition("/")[0] for d in self.parts}
        report.check(len(ids) == 1, "by its id it is the same client",
                     [p for d in self.parts for p in d.connection.up.data[:1]])

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
                cut = "" if len(one.body) == one.size else f" of {one.size}: cut"
                say(f"{'':16}← {len(one.body)} bytes of body{cut}")
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
        ("the new address changed back", lambda c: c.everywhere(bytes([10, 0, 0, 77]), bytes([10, 0, 0, 1])),
         "another address"),
        ("the rest's range changed", lambda c: c.everywhere(b"Content-Range: bytes ", b"Content-Range: bytes 1"), "file"),
        ("a segment of the rest taken out",
         lambda c: c.without(c.all(lambda p: p.source == "10.0.0.2" and p.size > 1000)[-3]), "cut as well"),
        ("the second connection missing",
         lambda c: c.without(*c.all(lambda p: "10.0.0.77" in (p.source, p.target))), "again in another"),
    ]
