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
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ among the sources

import graphs
from packets import WIDTH, Report, heading, read, say
from tcp import Api2_4, C1_2, P4tcp_5, P4tcp_f3
from udp import Api1_4, P3_5, P4sip_12
from wrong import Copy

LABS = {"p3.5": P3_5, "api.1.4": Api1_4, "api.2.4": Api2_4, "p4tcp.5": P4tcp_5, "p4tcp.f3": P4tcp_f3,
        "p4sip.12": P4sip_12, "c1.2": C1_2}


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
