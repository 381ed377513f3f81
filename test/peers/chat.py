#!/usr/bin/env python3
"""Group chat (práctica 4, TCP, ejercicio final 1).

Stands for: servidor_chat = servidor
Stands for: cliente_chat = cliente

chat.py servidor [puerto 5000 [segundos 60]]
chat.py cliente host puerto
"""
import hmac
import os
import selectors
import socket
import sys
import time
import unicodedata

PASSWORD = os.environ.get("CHAT_PASSWORD") or "secreto"
LONGEST = 4096
MOST_WAITING = 262144


def printable(text):
    text = text.decode("utf-8", "replace").replace("\ufffd", "?").replace("\t", " ")
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text).encode()


class Member:
    def __init__(self, sock, addr):
        self.sock, self.addr = sock, addr
        self.name = None
        self.known = False
        self.tries = 0
        self.begun = b""
        self.waiting = bytearray()
        self.deadline = time.monotonic() + 10


class Chat:
    def __init__(self, port, idle):
        self.idle = idle
        self.members = {}
        self.selector = selectors.SelectSelector()
        host = "" if os.environ.get("CHAT_PASSWORD") else "127.0.0.1"
        self.listener = socket.create_server((host, port), backlog=socket.SOMAXCONN)
        self.selector.register(self.listener, selectors.EVENT_READ)
        print("Socket now listening", flush=True)

    def serve(self):
        now = time.monotonic()
        wait = min((m.deadline - now for m in self.members.values()), default=None)
        for key, events in self.selector.select(None if wait is None else max(0, wait)):
            if key.fileobj is self.listener:
                self.accept()
                continue
            member = self.members.get(key.fileobj)
            if member and events & selectors.EVENT_WRITE:
                text, member.waiting = member.waiting, bytearray()
                self.selector.modify(member.sock, selectors.EVENT_READ)
                self.tell(member, text)
            if member and events & selectors.EVENT_READ and member.sock in self.members:
                self.receive(member)
        for member in [m for m in self.members.values() if m.deadline <= now]:
            if member.name is None:
                self.tell(member, b"\n")
            self.tell(member, b"* expulsado por inactividad\n" if member.known else b"* sin password a tiempo\n")
            self.leave(member)

    def accept(self):
        sock, addr = self.listener.accept()
        sock.setblocking(False)
        print(f"Connected to {addr[0]}:{addr[1]}", flush=True)
        member = self.members[sock] = Member(sock, addr)
        self.selector.register(sock, selectors.EVENT_READ)
        self.tell(member, b"Password: ")

    def receive(self, member):
        try:
            data = member.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            return self.leave(member)
        *lines, member.begun = (member.begun + data).split(b"\n")
        member.begun = member.begun[: LONGEST + 2]
        if not data and member.begun:
            lines.append(member.begun)
        said = b"".join(filter(None, (self.heard(member, line.removesuffix(b"\r")) for line in lines)))
        if said:
            self.tell_others(member, said)
        if not data:
            self.leave(member)
        elif member.known:
            member.deadline = time.monotonic() + self.idle

    def heard(self, member, line):
        if member.sock not in self.members:
            return None
        if not member.known:
            if hmac.compare_digest(line, PASSWORD.encode()):
                member.known = True
                self.tell(member, b"Nick: ")
            elif member.tries < 2:
                member.tries += 1
                self.tell(member, b"Password incorrecto\nPassword: ")
            else:
                self.tell(member, b"Password incorrecto\n")
                self.leave(member)
        elif member.name is None:
            others = [m.name for m in self.members.values() if m.name is not None]
            if not 0 < len(line) <= 32 or printable(line) != line or set(line) & set(b" <>*,"):
                self.tell(member, "* un nick tiene de 1 a 32 bytes, sin espacios ni < > * ,\nNick: ".encode())
            elif line in others:
                self.tell(member, "* ese nick ya está en uso\nNick: ".encode())
            else:
                member.name = line
                there = "; están ".encode() + b", ".join(others) if others else "; no hay nadie más".encode()
                self.tell(member, b"* hola, " + line + there + b"\n")
                self.tell_others(member, b"* entra " + line + b"\n")
        elif len(line) > LONGEST:
            self.tell(member, "* una línea tiene como mucho 4096 bytes; esa no se envía\n".encode())
        elif line:
            return b"<" + member.name + b"> " + printable(line) + b"\n"
        return None

    def tell_others(self, speaker, text):
        for member in list(self.members.values()):
            if member is not speaker and member.name is not None:
                self.tell(member, text)

    def tell(self, member, text):
        if member.sock not in self.members:
            return
        if not member.waiting:
            try:
                text = text[member.sock.send(text):]
            except BlockingIOError:
                pass
            except OSError:
                return self.leave(member)
            if not text:
                return
        if len(member.waiting) + len(text) > MOST_WAITING:
            return self.leave(member)
        member.waiting += text
        self.selector.modify(member.sock, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def leave(self, member):
        if self.members.pop(member.sock, None) is None:
            return
        self.selector.unregister(member.sock)
        member.sock.close()
        print(f"client left {member.addr[0]}:{member.addr[1]}", flush=True)
        if member.name is not None:
            self.tell_others(member, b"* sale " + member.name + b"\n")


def client(host, port):
    with socket.create_connection((host, port)) as s:
        watched = [s, sys.stdin]
        with selectors.SelectSelector() as selector:
            for each in watched:
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is s:
                        data = s.recv(4096)
                        if not data:
                            print("Disconnected from chat server")
                            return
                        sys.stdout.buffer.write(data)
                        sys.stdout.flush()
                    else:
                        data = os.read(sys.stdin.fileno(), 4096)
                        s.sendall(data)
                        if not data:
                            selector.unregister(sys.stdin)
                            s.shutdown(socket.SHUT_WR)


def main(arguments):
    if arguments[:1] == ["servidor"] and len(arguments) <= 3:
        port = int(arguments[1]) if len(arguments) > 1 else 5000
        chat = Chat(port, float(arguments[2]) if len(arguments) > 2 else 60)
        while True:
            chat.serve()
    elif arguments[:1] == ["cliente"] and len(arguments) == 3:
        client(arguments[1], int(arguments[2]))
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
