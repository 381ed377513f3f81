"""Echo servers that talk to one client at a time, of práctica 4.

Stands for: servidor_eco_tcp_v1 = one
Stands for: servidor_eco_tcp_v1_2 = turns
Stands for: servidor_eco_tcp_v1_3 = first-reply
"""
import socket
import sys

mode = sys.argv[1]
port = int(sys.argv[2]) if len(sys.argv) > 2 else 5000


def serve(conn):
    if mode == "first-reply":
        conn.settimeout(5)
    while data := conn.recv(1024):
        if data.strip() == b"." and mode != "first-reply":
            return
        conn.sendall(data)
        if mode == "first-reply":
            return


try:
    s = socket.create_server(("", port), backlog=10)
except OSError as error:
    sys.exit(f"Bind failed. Error Code : {error.errno} Message {error.strerror}")

with s:
    print("Socket now listening", flush=True)
    while True:
        conn, (host, client) = s.accept()
        print(f"Connected with {host}:{client}", flush=True)
        with conn:
            try:
                serve(conn)
            except TimeoutError:
                print(f"Timeout {host}:{client}", flush=True)
            except ConnectionError as error:
                print(f"{host}:{client}: {error.strerror}", file=sys.stderr)
        print(f"Disconnected {host}:{client}", flush=True)
        if mode == "one":
            break
