"""The labs over UDP: echo (p3.5, api.1.4) and SIP (p4sip.12)."""
from collections import Counter
from dataclasses import dataclass

from packets import Packet, drawing, heading, number, row, say, shown


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
    if silent:
        report.check(False, "a message has no reply from the port that it was sent to"
                     + (f" (packet {strays[0].number} comes from {strays[0].sport})" if strays else ""), silent)
    else:
        report.check(True, "every message is answered, from the port that it was sent to", [e.reply for e in answered])
    wrong = [p for p in ours if not right_length(p)]
    report.check(ours and not wrong, "UDP's length field is 8 (the header) + the message, in every datagram"
                 if not wrong else "UDP's length field is not 8 + the message", wrong or ours)
    other = [e.reply for e in answered if e.reply.payload != e.request.payload[:buffer]]
    cut_off = any(len(e.request.payload) > buffer for e in answered)
    report.check(answered and not other, "every reply is its message, byte for byte"
                 + (f" (its first {buffer}: the server's buffer)" if cut_off else "") if not other else
                 "a reply differs from its message", other)
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
    message = shown(packet.payload, 12)
    row(packet, arrow, f"{packet.sport} → {packet.dport}  length {length} = 8 + {length - 8}  {message}", words)


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
                    + (" + ".join(map(str, sizes)) + f" = {sum(sizes)}" if split else "none"), pieces,
                    "for loopback's own MTU is 65536" if any(number(p.raw.frame_len) > 1600 for p in requests) else "")

    def show(self):
        heading("Packets")
        for packet in self.packets:
            if packet in self.ours:
                udp_row(packet, self.port, self.packets, self.words(packet))
            elif is_fragmented(packet):
                # tshark gives the offset in bytes or in the header's units of 8, by its version.
                offset = sum(p.carried for p in self.packets
                             if p.number < packet.number and p.raw.ip_id == packet.raw.ip_id)
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


class P4sip_12:
    file = "register.libpcap"
    move = 5060, 6001  # checks hold on any port
    expected = [("marty.mcfly@sk8ing.com", 5), ("doc@delorean.com", 3600),
                ("doc@delorean.com", 0), ("marty.mcfly@sk8ing.com", 0)]

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
        clear = [p for p in self.packets if p.payload.isascii() and
                 any(name in p.payload for name in (b"marty.mcfly", b"doc@delorean"))]
        report.check(clear, "everything goes over the network in clear text: who registers can be read", clear)

    def show(self):
        heading("Packets")
        for p in self.packets:
            arrow = "client → server" if p.dport == self.port else "server → client"
            kind = p.raw.sip_Method or p.raw.sip_Status_Code
            row(p, arrow, f"{p.sport} → {p.dport}  SIP {kind}  {len(p.payload)} bytes", self.words(p))
            for line in p.payload.decode("utf-8", "replace").split("\r\n"):
                if line:
                    say(f"{'':18}{line[:80]}")
        heading("Drawing")
        events, last = [], None
        for p in self.packets:
            if last is not None and p.time - last > 1:
                events.append(f"(c) {p.time - last:.1f} s")
            last = p.time
            user = p.raw.sip_r_uri.removeprefix("sip:")
            events.append((p.time, p.dport == self.port, f"REGISTER {user} {p.raw.sip_Expires}" if p.raw.sip_Method
                           else f"{p.raw.sip_Status_Code} OK"))
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
