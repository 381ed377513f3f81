"""A TCP connection: its phases, what the study of TCP asks about, and each segment in words."""
from dataclasses import dataclass, field

from packets import ACK, FIN, RST, SYN, drawing, row, say, shown


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
    def answers(self):
        """The segments of the direction that brings the ACKs for most bytes."""
        return (self.down if self.sender is self.up else self.up).segments

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
        later = [p for p in other.segments if fin and p.number > fin.number and p.flags & ACK]
        return next((p for p in later if after(p.ack, fin.end) >= 0), None)

    def is_released(self):
        return bool(self.acked_fin(self.up) and self.acked_fin(self.down))

    def closes_first(self):
        fins = [p for p in (self.up.fin, self.down.fin) if p]
        return None if not fins else "client" if self.is_up(min(fins, key=lambda p: p.number)) else "server"

    # --- what the study of TCP asks about

    def zero_windows(self):
        """ACKs that announce no room, but for the RST's, whose window says nothing."""
        return [p for p in self.answers if p.window == 0 and not p.flags & RST]

    def probes(self):
        """What the sender asks while the window is shut: nothing new, or a single byte."""
        result, shut, highest = [], False, None
        for p in self.packets:
            if self.way(p) is not self.sender:
                shut = p.window == 0 and not p.flags & RST
            else:
                says_nothing = p.size <= 1 and not p.flags & (FIN | RST)
                if shut and says_nothing and highest is not None and after(p.seq, highest) <= 0:
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
            parts.append(f"again bytes {p.seq} to {p.seq + p.size - 1}, which packet "
                         f"{self.repeated[p.number].number} carried already")
        elif p.size:
            what = f"{shown(p.payload)}: " if p.size <= 40 else ""
            which = f"bytes {p.seq} to {p.seq + p.size - 1}" if p.size > 1 else f"byte {p.seq}"
            parts.append(f"{what}{which}; the next one will be {p.seq + p.size}")
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
            ack = p.ack if p.flags & ACK else "-"
            row(p, arrow, f"{p.names:<11} seq {p.seq:<10} ack {ack:<10} len {p.size:<4} win {p.window}", self.words(p))

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
            chosen += [p for p in self.answers if p.number > data[0].number][:1]
        chosen += self.zero_windows()[:3] + self.probes()[:3]
        if self.zero_windows():
            chosen += [p for p in self.packets if p.number > self.zero_windows()[-1].number][:2]
        lost = [self.repeated[n] for n in self.repeated][:2]
        chosen += lost + [p for p in self.packets if p.number in self.repeated][:2] + self.duplicate_acks()[:3]
        for n in list(self.repeated)[:2]:
            again = next(p for p in self.packets if p.number == n)
            chosen += [p for p in self.answers if p.number > n and after(p.ack, again.end) >= 0][:1]
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
        phases = "SYN, then SYN+ACK with ack = seq + 1, then ACK with ack = seq + 1" if c.syn else \
            "no SYN is here (a capture has to be started before the connection)"
        report.check(c.is_established(), f"{which}establishment: {phases}", [p for p in (c.syn, c.syn_ack, c.third()) if p])
        holes = [p for p in (c.missing(c.up), c.missing(c.down)) if p]
        moved = c.up.data and (c.down.data or not both_ways) and not holes
        report.check(moved, f"{which}transfer: every byte follows the one before it and is acknowledged" if not holes else
                     f"{which}transfer: something is missing, or not acknowledged", holes or c.up.data + c.down.data)
        if c.reset:
            continue
        report.check(c.is_released(), f"{which}release: a FIN each way, each acknowledged with its number + 1",
                     [p for p in (c.up.fin, c.acked_fin(c.up), c.down.fin, c.acked_fin(c.down)) if p])
