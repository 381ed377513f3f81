"""The four graphs of Wireshark's menu Statistics ▸ TCP Stream Graphs, by gnuplot, as SVG and PNG:
sequence numbers (Stevens), throughput, round-trip time, window. A panel a connection."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from connection import after

BLUE, ORANGE, RED, GREY = "#0b5fa5", "#d97706", "#c81e1e", "#6b7280"


def kilobytes(number):
    return number / 1000


def stevens(c):
    """Each segment's first byte when it was sent, and how far the ACKs had come."""
    start, first = c.packets[0].time, c.sender.segments[0].seq
    sent = [(p.time - start, kilobytes(after(p.seq, first))) for p in c.sender.data if p.number not in c.repeated]
    again = [(p.time - start, kilobytes(after(p.seq, first))) for p in c.sender.data if p.number in c.repeated]
    acked = [(p.time - start, kilobytes(after(p.ack, first))) for p in c.answers if p.flags & 16]
    return [("sent", f"with points pt 7 ps 0.45 lc rgb '{BLUE}'", sent),
            ("acknowledged", f"with steps lw 1.5 lc rgb '{ORANGE}'", acked),
            ("sent again", f"with points pt 2 ps 1.4 lw 2 lc rgb '{RED}'", again)]


def throughput(c):
    """Mbit/s over a fortieth of the connection's time, at least 20 ms."""
    start, end = c.packets[0].time, c.packets[-1].time
    width = max((end - start) / 40, 0.02)
    sent, acked = [0] * (int((end - start) / width) + 2), [0] * (int((end - start) / width) + 2)
    reached = None
    for p in c.packets:
        n = int((p.time - start) / width)
        if c.way(p) is c.sender:
            sent[n] += p.size
        elif p.flags & 16:
            acked[n] += max(0, after(p.ack, reached)) if reached is not None else 0
            reached = p.ack if reached is None or after(p.ack, reached) > 0 else reached
    rates = lambda bins: [(n * width, size * 8 / width / 1e6) for n, size in enumerate(bins)]
    return [(f"sent, mean over {width * 1000:.0f} ms", f"with steps lw 1.8 lc rgb '{BLUE}'", rates(sent)),
            ("acknowledged", f"with steps lw 1.8 lc rgb '{ORANGE}'", rates(acked))]


def round_trip(c):
    start = c.packets[0].time
    return [("from a segment to its ACK", f"with points pt 7 ps 0.5 lc rgb '{BLUE}'",
             [(time - start, seconds * 1000) for time, seconds in c.round_trips()])]


def window(c):
    """The room that the receiver announces, and how much of it is in use."""
    start = c.packets[0].time
    room = [(p.time - start, kilobytes(p.window)) for p in c.answers if not p.flags & 6]
    flight = [(p.time - start, kilobytes(size)) for p, size in c.flights()]
    return [("receiver's window", f"with steps lw 1.8 lc rgb '{ORANGE}'", room),
            ("bytes under way", f"with steps lw 1.2 lc rgb '{BLUE}'", flight)]


GRAPHS = [("stevens", "Sequence numbers (Stevens)", "bytes since the start [kB]", stevens, "left top"),
          ("throughput", "Throughput", "Mbit/s", throughput, "right top"),
          ("rtt", "Round-trip time", "milliseconds", round_trip, "right bottom"),
          ("window", "Window", "kB", window, "left top")]


def script(title, unit, key, panels, folder):
    """One column of panels; inline data files, since a here-document a curve is hard to read."""
    lines = [f"set multiplot layout {len(panels)},1 title \"{title}\" font ',15'",
             f"set key {key} opaque samplen 2 font ',11'", f"set grid lc rgb '{GREY}' lw 0.4 dt 3",
             "set border 3", "set tics nomirror font ',11'", "set yrange [0:*]",
             "set lmargin 10", "set rmargin 3", "set offsets 0, 0, graph 0.25, 0",
             f"set ylabel \"{unit}\" font ',12'", "set xlabel \"seconds since the SYN\" font ',12'"]
    for n, (name, seconds, curves) in enumerate(panels):
        plots = []
        for m, (label, style, points) in enumerate(curves):
            if points:
                file = Path(folder) / f"{n}-{m}"
                file.write_text("".join(f"{x:.6f} {y:.6f}\n" for x, y in points))
                plots.append(f"'{file}' {style} title \"{label}\"")
        lines += [f"set title \"{name}\" font ',12'", f"set xrange [0:{seconds * 1.02:.6f}]"]
        lines.append("plot " + ", ".join(plots) if plots else "plot NaN notitle")
    return "\n".join(lines + ["unset multiplot"]) + "\n"


def draw(folder, name, titled):
    """The files that were written; none without gnuplot."""
    if not shutil.which("gnuplot") or not titled:
        return []
    folder.mkdir(exist_ok=True)
    written = []
    for kind, title, unit, curves, key in GRAPHS:
        with tempfile.TemporaryDirectory() as data:
            panels = [(label, c.packets[-1].time - c.packets[0].time, curves(c)) for label, c in titled]
            body = script(title, unit, key, panels, data)
            height = 120 + 270 * len(titled)
            both = ""
            for terminal, suffix in ((f"pngcairo size 900,{height} font 'DejaVu Sans,11'", "png"),
                                     (f"svg size 900,{height} font 'DejaVu Sans,11' background '#ffffff'", "svg")):
                target = folder / f"{name}-{kind}.{suffix}"
                both += f"set terminal {terminal}\nset output '{target}'\n{body}set output\nreset\n"
                written.append(target)
            result = subprocess.run(["gnuplot"], input=both, text=True, capture_output=True)
            if result.returncode != 0:
                return [f"gnuplot: {result.stderr.strip().splitlines()[-1]}"]
    return written
