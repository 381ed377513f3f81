#!/usr/bin/env python3
"""The final exercises of Práctica 3 in Python 3: udp_finales.py NAME [arguments].

Stands for: servidor_aleatorio = servidor_aleatorio
Stands for: cliente_escaner = cliente_escaner
Stands for: servidor_fichero = servidor_fichero
Stands for: select_stdin = select_stdin
"""
import random
import select
import socket
import sys
import time


def select_stdin(limit=None):
    rlist, _, _ = select.select([sys.stdin], [], [], limit and float(limit))
    print(f"{time.time():.12g}{rlist}")
    if rlist:
        print(rlist[0].read())


def servidor_aleatorio():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        port = random.randint(20000, 20100)
        s.bind(("", port))
        print("Escuchando en el puerto", port, flush=True)
        while True:
            data, addr = s.recvfrom(1024)
            if data.strip() == b".":
                break
            s.sendto(data, addr)
            text = data.strip().decode(errors="surrogateescape")
            print(f"Message[{addr[0]}:{addr[1]}] - {text}", flush=True)


def cliente_escaner(host, limit="0.5"):
    for port in range(20000, 20101):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(float(limit))
            s.connect((host, port))
            try:
                s.send(b"hola")
                if s.recv(1024) == b"hola":
                    print("El servidor está activo en el puerto", port)
                    return
            except OSError:  # the time is up, or ICMP says that nobody is there
                pass
    print("Ningún servidor activo entre los puertos 20000 y 20100")
    sys.exit(1)


def servidor_fichero(port="44444", name="mensajes.txt"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", int(port)))
        s.settimeout(5)
        with open(name, "wb") as fichero:
            try:
                while True:
                    data, addr = s.recvfrom(65535)
                    fichero.write(data if data.endswith(b"\n") else data + b"\n")
                    fichero.flush()
                    s.sendto(data, addr)
            except (socket.timeout, KeyboardInterrupt):
                pass


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
