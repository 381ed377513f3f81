"""Two messages in a row, without and with their sizes, of práctica 4: tcp_hola_adios.py MODE [port 5000]

Stands for: cliente_hola_adios = client-stream
Stands for: servidor_hola_adios = server-stream
Stands for: cliente_tcp_v3 = client-messages
Stands for: servidor_tcp_v3 = server-messages
"""
import socket
import sys
import time

mode = sys.argv[1]
port = int(sys.argv[2]) if len(sys.argv) > 2 else 5000

if mode.startswith("client"):
    with socket.create_connection(("127.0.0.1", port)) as s:
        print("socket conectado")
        for message in b"hola", b"adios":
            print("envio:", message.decode())
            s.sendall(message if mode == "client-stream" else b"%06d:" % len(message) + message)
else:
    with socket.create_server(("", port), backlog=10) as s:
        conn, _ = s.accept()
        time.sleep(2)
        if mode == "server-stream":
            print(conn.recv(100).decode())
        else:
            with conn.makefile("rb") as stream:
                while header := stream.read(7):
                    print(stream.read(int(header[:6])).decode())
