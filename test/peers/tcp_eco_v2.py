"""The echo server of many clients with select(), of práctica 4: tcp_eco_v2.py [port 5000 [backlog 10]]

Stands for: servidor_eco_tcp_v2
"""
import select
import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
backlog = int(sys.argv[2]) if len(sys.argv) > 2 else 10

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(backlog)
    sys.stdout.reconfigure(errors="surrogateescape")
    print("Socket now listening", flush=True)

    descriptors = [s]
    peers = {}
    while True:
        readable, _, _ = select.select(descriptors, [], [])
        for sock in readable:
            if sock is s:
                conn, (host, port) = s.accept()
                print(f"Connected to {host}:{port}", flush=True)
                descriptors.append(conn)
                peers[conn] = host, port
                continue
            host, port = peers[sock]
            try:
                data = sock.recv(100)
                if data:
                    print(f"client {host}:{port}data: {data.decode(errors='surrogateescape')}", flush=True)
                    sock.sendall(data)
            except ConnectionError:
                data = b""
            if not data:
                print(f"client left {host}:{port}", flush=True)
                sock.close()
                del peers[sock]
                descriptors.remove(sock)
