"""Echo clients over TCP, of práctica 4: tcp_eco_cliente.py MODE HOST PORT

Stands for: cliente_eco_tcp_v1 = lines
Stands for: cliente_eco_tcp_v1_3 = one-line
Stands for: cliente_eco_tcp_v3_7 = messages
"""
import socket
import sys

mode, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def read_exactly(s, size):
    data = b""
    while len(data) < size:
        piece = s.recv(size - len(data))
        if not piece:
            raise EOFError("the server has closed the connection")
        data += piece
    return data


def exchange(s, message):
    if mode == "messages":
        s.sendall(b"%06d:" % len(message) + message)
        header = read_exactly(s, 7)
        return read_exactly(s, int(header[:6]))
    s.sendall(message)
    return s.recv(1024)


try:
    with socket.create_connection((host, port)) as s:
        if mode == "messages":
            print("socket conectado", flush=True)
        while True:
            message = input("Enter message to send : ").encode()
            if not message and mode != "messages":
                continue
            reply = exchange(s, message)
            if not reply and mode != "messages":
                break
            print("Server reply :", reply.decode(errors="replace"), flush=True)
            if mode == "one-line":
                break
except EOFError as end:
    if str(end).startswith("the server"):
        sys.exit(f"Error : {end}")
except OSError as error:
    print(f"Error Code : {error.errno} Message {error.strerror}")
    sys.exit(1)
