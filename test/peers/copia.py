#!/usr/bin/env python3
"""Remote file copy (práctica 4, TCP, ejercicio final 2): line by line, as one message, of any size.

Stands for: cliente_copia_lineas = cliente lineas
Stands for: servidor_copia_lineas = servidor lineas
Stands for: cliente_copia = cliente copia
Stands for: servidor_copia = servidor copia
Stands for: cliente_copia_grande = cliente grande
Stands for: servidor_copia_grande = servidor grande

copia.py cliente lineas|copia|grande host puerto fichero
copia.py servidor lineas|copia|grande [puerto 5000 [fichero copia.out]]
"""
import os
import socket
import sys
import tempfile

PIECE = 262144


def client(way, host, port, name):
    with open(name, "rb") as file, socket.create_connection((host, int(port))) as s:
        sent = lines = 0
        if way == "lineas":
            for line in file:
                s.sendall(line)
                sent += len(line)
                lines += 1
        elif way == "copia":
            message = file.read()
            sent = len(message)
            if sent > 999999:
                sys.exit(f"copia.py: {name}: over 999999 bytes, which do not fit one message")
            s.sendall(b"%06d:" % sent + message)
        else:
            size = os.fstat(file.fileno()).st_size
            s.sendall(b"%012d:" % size)
            sent = s.sendfile(file, count=size) if size else 0
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
    print(f"enviado: {lines} lineas, {sent} bytes" if way == "lineas" else f"enviado: {sent} bytes")


def receive(conn, pending):
    while pending:
        data = conn.recv(min(pending, PIECE))
        if not data:
            raise EOFError(f"the stream ends inside the file: {pending} bytes are missing")
        pending -= len(data)
        yield data


def receive_all(conn):
    while data := conn.recv(4096):
        yield data


def server(way, port="5000", name="copia.out"):
    with socket.create_server(("", int(port)), backlog=1) as s:
        print("Socket now listening", flush=True)
        conn, addr = s.accept()
        print(f"Connected with {addr[0]}:{addr[1]}", flush=True)
        with conn:
            if way == "lineas":
                pieces = receive_all(conn)
            else:
                digits = 6 if way == "copia" else 12
                header = b"".join(receive(conn, digits + 1))
                if not header[:-1].isdigit() or header[-1:] != b":":
                    sys.exit(f"copia.py: the header must be {digits} digits and ':'")
                pieces = receive(conn, int(header[:-1]))
            received = 0
            with tempfile.NamedTemporaryFile(dir=os.path.dirname(name) or ".", delete=False) as file:
                try:
                    for data in pieces:
                        file.write(data)
                        received += len(data)
                    file.flush()
                    os.rename(file.name, name)
                except BaseException:
                    os.unlink(file.name)
                    raise
    print(f"recibido: {received} bytes en {name}")


def main(arguments):
    role, way, *rest = arguments + [""] * (2 - len(arguments))
    if way not in ("lineas", "copia", "grande"):
        role = ""
    if role == "cliente" and len(rest) == 3:
        client(way, *rest)
    elif role == "servidor" and len(rest) <= 2:
        server(way, *rest)
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
