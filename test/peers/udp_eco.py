#!/usr/bin/env python3
"""The echo servers and clients of Práctica 3 in Python 3: udp_eco.py NAME [arguments].

Stands for: servidor_eco_v1 = servidor_v1
Stands for: servidor_eco_v1_4 = servidor_v1_4
Stands for: servidor_eco_v2 = servidor_v2
Stands for: servidor_eco_v25 = servidor_v25
Stands for: servidor_eco_v3 = servidor_v3
Stands for: servidor_eco_v3_9 = servidor_v3_9
Stands for: servidor_eco_v3_10 = servidor_v3_10
Stands for: servidor_eco_v3b = servidor_v3b
Stands for: servidor_eco_v3b_11 = servidor_v3b_11
Stands for: cliente_eco_v1 = cliente_v1
Stands for: cliente_eco_v1_4 = cliente_v1_4
Stands for: cliente_eco_v2 = cliente_v2
Stands for: cliente_eco_v3_10 = cliente_v3_10
"""
import os
import select
import socket
import sys
import time


def udp_socket(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    return s


def show(*parts):
    """A line of stdout, visible at once; received bytes as they came."""
    line = b"".join(p if isinstance(p, bytes) else str(p).encode() for p in parts)
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def fallo(method, error):
    show(f"Fallo en {method}. Codigo de Error : {error.errno} Mensaje {error.strerror}")
    sys.exit(1)


def echo_until_dot(s, answer_dot=False):
    while True:
        data, addr = s.recvfrom(1024)
        if data.strip() == b".":
            if answer_dot:
                s.sendto(b".", addr)
            break
        s.sendto(data, addr)
        show("Message[", addr[0], ":", addr[1], "] - ", data.strip())


def servidor_v1(port="44444", answer_dot=False):
    with udp_socket(int(port)) as s:
        echo_until_dot(s, answer_dot)


def servidor_v1_4(port="44444"):
    servidor_v1(port, answer_dot=True)


def servidor_v2(port="44444", blocking=True):
    try:
        s = udp_socket(int(port))
    except OSError as error:
        fallo("bind", error)
    with s:
        s.setblocking(blocking)
        while True:
            try:
                return echo_until_dot(s)
            except BlockingIOError:
                show("recepción fallida")
                time.sleep(0.1)


def servidor_v25(port="44444"):
    servidor_v2(port, blocking=False)


def echo_line(sock, sleep=0):
    data, addr = sock.recvfrom(1024)
    show("recibido en mi socket ", sock.getsockname(), " desde el origen ", addr[0], ":", addr[1],
         ": ", data)
    time.sleep(sleep)
    sock.sendto(data, addr)


def servidor_v3(port="8888", port2="9999", limit=5, ends=False, sleep=0):
    with udp_socket(int(port)) as s, udp_socket(int(port2)) as s2:
        while True:
            rlist, _, _ = select.select([s, s2], [], [], limit)
            for sock in rlist:
                echo_line(sock, sleep)
            if not rlist:
                show(f"Han pasado {limit} seg sin recibir nada por ningun socket.\n")
                if ends:
                    break


def servidor_v3_9(port="8888", port2="9999"):
    servidor_v3(port, port2, limit=20, ends=True)


def servidor_v3_10(port="8888", port2="9999"):
    servidor_v3(port, port2, sleep=3)


def servidor_v3b(port="8888"):
    with udp_socket(int(port)) as s:
        s.settimeout(5.0)
        try:
            while True:
                data, addr = s.recvfrom(1024)
                show("recibido desde ", addr[0], ":", addr[1], ": ", data)
                s.sendto(data, addr)
        except socket.timeout as msg:
            show("** Exception: socket", s.getsockname(), msg, " after 5.0 seg.")


def servidor_v3b_11(port="8888", port2="9999"):
    with udp_socket(int(port)) as s, udp_socket(int(port2)) as s2:
        s.settimeout(5.0)
        s2.settimeout(5.0)
        while True:
            for sock in (s, s2):
                try:
                    echo_line(sock)
                except socket.timeout:
                    show("Han pasado 5 seg sin recibir nada por el socket ", sock.getsockname(), ".")


def cliente_v1(host, port, ends_at_dot=False, limit=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while True:
            try:
                msg = os.fsencode(input("Enter message to send : "))
            except EOFError:
                break
            try:
                s.sendto(msg, (host, int(port)))
            except OSError as error:
                fallo("sendto", error)
            if limit is not None and not select.select([s], [], [], limit)[0]:
                show(f"No ha llegado respuesta del servidor en {limit:g} seg.")
                sys.exit(1)
            reply = s.recvfrom(1024)[0]
            show("Server reply : ", reply)
            if ends_at_dot and reply.strip() == b".":
                break


def cliente_v1_4(host, port):
    cliente_v1(host, port, ends_at_dot=True)


cliente_v2 = cliente_v1


def cliente_v3_10(host, port, limit="4"):
    cliente_v1(host, port, limit=float(limit))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
