"""The echo server with select() that puts out who is silent for 5 seconds: tcp_eco_v2_6.py [port 5000]

Stands for: servidor_eco_tcp_v2_6
"""
import select
import socket
import sys
import time

SILENCE = 5
port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
sys.stdout.reconfigure(errors="surrogateescape")

with socket.create_server(("", port), backlog=10) as s:
    print("Socket now listening", flush=True)
    clients = {}  # socket: [name, when its time is up]

    def drop(sock, why):
        print(f"client {why} {clients.pop(sock)[0]}", flush=True)
        sock.close()

    while True:
        now = time.monotonic()
        wait = max(0, min(limit for _, limit in clients.values()) - now) if clients else None
        readable, _, _ = select.select([s, *clients], [], [], wait)
        for sock in readable:
            if sock is s:
                conn, (host, client) = s.accept()
                clients[conn] = [f"{host}:{client}", time.monotonic() + SILENCE]
                print(f"Connected to {host}:{client}", flush=True)
                continue
            try:
                data = sock.recv(100)
                if data:
                    print(f"client {clients[sock][0]}data: {data.decode(errors='surrogateescape')}", flush=True)
                    sock.sendall(data)
                    clients[sock][1] = time.monotonic() + SILENCE
                    continue
            except ConnectionError:
                pass
            drop(sock, "left")
        for sock in [one for one, (_, limit) in clients.items() if limit <= now and one not in readable]:
            drop(sock, "expelled")
