"""The web client of práctica 4: tcp_http.py MODE HOST [PORT [REQUEST]]

Stands for: cliente_http = once
Stands for: cliente_http_todo = all
"""
import socket
import sys

mode, host = sys.argv[1], sys.argv[2]
port = int(sys.argv[3]) if len(sys.argv) > 3 else 80
if len(sys.argv) > 4:
    request = sys.argv[4].replace("\\r", "\r").replace("\\n", "\n")
elif mode == "all":
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
else:
    request = "GET / HTTP/1.1\r\n\r\n"

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    print("Socket Created")
    s.connect((host, port))
    print("Socket Connected to " + host)
    s.sendall(request.encode())
    print("Message send successfully", flush=True)
    if mode == "all":
        while data := s.recv(4096):
            sys.stdout.buffer.write(data)
    else:
        sys.stdout.buffer.write(s.recv(4096))
    sys.stdout.buffer.write(b"\n")
