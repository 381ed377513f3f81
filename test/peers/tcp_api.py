"""The self-guided practice's TCP part: tcp_api.py ROLE [the role's own arguments]

Stands for: tcp_echo_client = client
Stands for: tcp_echo_server = server
Stands for: tcp_echo_server_2_5_1 = server-queue
Stands for: tcp_echo_client_2_5_2 = client-send
Stands for: tcp_echo_server_2_5_3 = server-recv
Stands for: tcp_client_2_5_4 = client-image
Stands for: tcp_server_2_5_4 = server-image
"""
import os
import socket
import struct
import sys
import time

role, *arguments = sys.argv[1:]
HELLO = b"Hola Mundo!"


def argument(index, default):
    return arguments[index] if len(arguments) > index else default


def pause():
    time.sleep(float(os.environ.get("PAUSA", 0)))


def say(line):
    print(line, flush=True)


def client():
    with socket.socket() as s:
        pause()
        s.connect((argument(0, "127.0.0.1"), int(argument(1, 3500))))
        pause()
        s.sendall(HELLO)
        pause()
        data = s.recv(1024)
        pause()
    say("Recibido:  " + data.decode(errors="replace"))


def client_send():
    size = int(argument(2, 4))
    with socket.create_connection((argument(0, "127.0.0.1"), int(argument(1, 3500)))) as s:
        rest = HELLO
        while rest:
            sent = s.send(rest[:size])
            say(f"send(): {sent} de {len(rest[:size])} bytes")
            rest = rest[sent:]
        s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as stream:
            say("Recibido:  " + stream.read().decode(errors="replace"))


def client_image():
    host, port, text, image = arguments
    with socket.create_connection((host, int(port))) as s, open(image, "rb") as file:
        for kind, value in (b"T", text.encode()), (b"I", file.read()):
            s.sendall(struct.pack("!cQ", kind, len(value)) + value)
            say(f"Enviad{'o texto' if kind == b'T' else 'a imagen'}: {len(value)} bytes")


def serve_once(conn, name):
    pause()
    data = conn.recv(1024)
    say(f"Conexion desde: {name}")
    pause()
    conn.sendall(data)
    pause()


def serve_pieces(conn, name):
    say(f"Conexion desde: {name}")
    while data := conn.recv(int(argument(1, 4))):
        say(f"Recibi: {data.decode(errors='replace')}")
        conn.sendall(data)


def serve_image(conn, name):
    say(f"Conexion desde: {name}")
    folder = argument(1, ".")
    with conn.makefile("rb") as stream:
        while header := stream.read(9):
            kind, size = struct.unpack("!cQ", header)
            value = stream.read(size)
            if kind == b"T":
                say(f"Recibido texto: {value.decode(errors='replace')}")
            else:
                with open(f"{folder}/imagen", "wb") as file:
                    file.write(value)
                say(f"Recibida imagen: {size} bytes, en {folder}/imagen")


def server(serve, backlog):
    with socket.create_server(("127.0.0.1", int(argument(0, 3500))), backlog=backlog) as s:
        say("Socket creado, escuchando en %s:%d" % s.getsockname())
        while True:
            conn, address = s.accept()
            with conn:
                try:
                    serve(conn, "%s:%d" % address)
                except ConnectionError as error:
                    print(error, file=sys.stderr)


if role == "client":
    client()
elif role == "client-send":
    client_send()
elif role == "client-image":
    client_image()
else:
    server({"server-recv": serve_pieces, "server-image": serve_image}.get(role, serve_once),
           1 if role == "server-queue" else 5)
