"""Echo servers with a thread for each client, of práctica 4: tcp_eco_hilos.py MODE [port 5000]

Stands for: servidor_eco_tcp_hilos = bytes
Stands for: servidor_eco_tcp_v3_7 = messages
"""
import socketserver
import sys

mode = sys.argv[1]
port = int(sys.argv[2]) if len(sys.argv) > 2 else 5000


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        name = "%s:%d" % self.client_address
        say(f"Connected to {name}")
        try:
            while (data := self.message() if mode == "messages" else self.request.recv(100)) is not None:
                if not data and mode != "messages":
                    break
                say(f"client {name}data: {data.decode(errors='surrogateescape')}")
                self.request.sendall(b"%06d:" % len(data) + data if mode == "messages" else data)
        except (ValueError, ConnectionError) as error:
            say(f"Error {name} : {error}")
        say(f"client left {name}")

    def message(self):
        header = self.rfile.read(7)
        if not header:
            return None
        if not (header[:6].isdigit() and header[6:] == b":"):
            raise ValueError("the header must be 6 digits and ':'")
        size = int(header[:6])
        body = self.rfile.read(size)
        if len(body) < size:
            raise ValueError(f"the stream ends inside a message: {size - len(body)} of {size} bytes are missing")
        return body


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 10


def say(line):
    print(line, flush=True)


sys.stdout.reconfigure(errors="surrogateescape")
with Server(("", port), Echo) as server:
    say("Socket now listening")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        if mode != "messages":
            raise
