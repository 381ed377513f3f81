#!/usr/bin/env python3
"""Control 1 for clients that move: movil.py ROLE [the role's own arguments]

Stands for: servidor_movil = servidor
Stands for: cliente_movil = cliente

servidor [puerto]: serves the folder that it is started in, every client at once, each its own
progress; a client that says what it has (Range) is believed.
cliente URL [-o archivo] [-t segundos]: downloads to archivo.part; after a cut asks for what is missing.
"""
import argparse
import fcntl
import http.client
import json
import mimetypes
import os
import re
import struct
import sys
import termios
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

PIECE = 64 * 1024

progress = {}  # by client id: bytes that arrived, by file


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def head(self, status, length, **headers):
        self.send_response_only(status, "Range Not Satisfiable" if status == 416 else None)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Server", "servidor_movil")
        self.send_header("Content-Length", length)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def refuse(self):
        self.close_connection |= self.headers.get("Content-Length", "0") != "0"
        self.head(403, 0, Allow="GET, HEAD")

    do_DELETE = do_OPTIONS = do_PATCH = do_POST = do_PUT = refuse

    def do_GET(self):
        if self.path == "/":
            client_id = str(uuid.uuid4())
            progress[client_id] = {}
            self.head(200, len(client_id), Content_Type="text/plain", Cache_Control="no-store")
            if self.command == "GET":
                self.wfile.write(client_id.encode())
            return
        client_id, _, name = unquote(self.path)[1:].partition("/")
        path = Path(name).resolve()
        if client_id in progress and path.is_relative_to(Path.cwd()) and path.is_file():
            with path.open("rb") as file:
                self.send_rest(file, progress[client_id], name)
        else:
            self.head(404, 0)

    do_HEAD = do_GET

    def send_rest(self, file, arrived, name):
        version = os.fstat(file.fileno())
        total = version.st_size
        headers = {"ETag": f'"{version.st_mtime_ns:x}-{total:x}"',
                   "Last_Modified": formatdate(version.st_mtime, usegmt=True)}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if self.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
            wanted, arrived = None, {}  # of another version: all of this one
        first = int(wanted[1]) if wanted else arrived.get(name, 0)
        if wanted and first >= total:
            self.head(416, 0, **headers, Content_Range=f"bytes */{total}")
            return
        if not wanted and first == total > 0:
            self.head(404, 0)  # the device has it all
            return
        headers["Accept_Ranges"] = "none" if first and not wanted else "bytes"
        headers["Cache_Control"] = "max-age=0" if wanted else "no-store"
        if wanted:
            headers["Content_Range"] = f"bytes {first}-{total - 1}/{total}"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.head(206 if wanted else 200, total - first, **headers, Content_Type=kind)
        if self.command == "HEAD":
            return
        file.seek(first)
        sent = first
        try:
            while data := file.read(PIECE):
                while data:
                    if not wanted:  # before the client can have it: it may ask again at once
                        arrived[name] = sent + len(data)
                    size = self.connection.send(data)
                    sent += size
                    data = data[size:]
        except OSError:
            self.close_connection = True
            flying = fcntl.ioctl(self.connection, termios.TIOCOUTQ, bytes(4))
            sent -= min(sent - first, struct.unpack("i", flying)[0])  # what no client acknowledged
            if not wanted:
                arrived[name] = sent
                print(f"El cliente {self.path[1:37]} alcanzó a descargar {sent} bytes", flush=True)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that is gone is its own affair


def servidor(puerto=0):
    with Server(("", int(puerto)), Handler) as server:
        print("Servidor funcionando en {}:{}".format(*server.server_address), flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


def say(line):
    print(line, flush=True)


class Client:
    def __init__(self, options):
        self.url = urlsplit(options.url)
        self.options = options
        self.part = options.archivo + ".part"
        self.note = self.part + ".info"  # the id, and which version of the file the .part is of
        try:
            with open(self.note) as note:
                self.id, self.version = json.load(note)
        except (OSError, ValueError):
            self.id = self.version = ""
            open(self.part, "wb").close()

    def remember(self):
        with open(self.note, "w") as note:
            json.dump([self.id, self.version], note)

    def ask(self, target, headers={}):
        conn = http.client.HTTPConnection(self.url.hostname, self.url.port or 80, self.options.segundos)
        conn.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in {"User-Agent": "cliente_movil", "Accept-Encoding": "identity",
                            "Connection": "close", **headers}.items():
            conn.putheader(name, value)
        conn.endheaders()
        return conn.getresponse()

    def uniq_id(self):
        self.id = self.ask("/").read().decode()
        say(f"Identificador: {self.id}")
        self.remember()

    # One connection; whether the file is complete.
    def fetch(self):
        fresh = not self.id
        if fresh:
            self.uniq_id()
        have = os.path.getsize(self.part)
        headers = {"Range": f"bytes={have}-"}
        if self.version:
            headers["If-Range"] = self.version
        answer = self.ask(f"/{self.id}{self.url.path}", headers)
        if answer.status == 416 and answer.headers["Content-Range"] == f"bytes */{have}":
            return True
        if answer.status in (200, 404) and not fresh:
            self.id = ""  # forgotten; or what comes is the rest that the server believes in
            raise ConnectionError(f"HTTP/1.1 {answer.status} {answer.reason}, se pide otro identificador")
        if answer.status not in (200, 206):
            sys.exit(f"cliente_movil: {answer.status} {answer.reason}")
        if have:
            say("Se empieza de nuevo" if answer.status == 200 else f"Se retoma en el byte {have}")
        self.version = answer.headers["ETag"] or ""
        self.remember()
        with open(self.part, "ab" if answer.status == 206 else "wb") as file:
            missing = int(answer.headers["Content-Length"])
            while missing and (data := answer.read1(PIECE)):
                file.write(data)
                missing -= len(data)
        return missing == 0

    def fetch_all(self):
        connections = in_vain = 0
        while in_vain < 20:
            before, reason = os.path.getsize(self.part), "el servidor cerró la conexión"
            connections += 1
            try:
                if self.fetch():
                    os.replace(self.part, self.options.archivo)
                    os.remove(self.note)
                    return connections
            except (OSError, http.client.HTTPException) as error:
                reason = str(error)
            have = os.path.getsize(self.part)
            say(f"Se cortó con {have} bytes recibidos: {reason}")
            in_vain = 0 if have > before else in_vain + 1
            time.sleep(min(8, 0.05 * 2**in_vain) if in_vain else 0)
        sys.exit("cliente_movil: gave up")


def cliente(*arguments):
    parser = argparse.ArgumentParser(prog="cliente_movil")
    parser.add_argument("url", metavar="URL")
    parser.add_argument("-o", dest="archivo")
    parser.add_argument("-t", dest="segundos", type=float, default=5)
    options = parser.parse_args(arguments)
    options.archivo = options.archivo or os.path.basename(unquote(urlsplit(options.url).path))
    connections = Client(options).fetch_all()
    size = os.path.getsize(options.archivo)
    say(f"{options.archivo}: {size} bytes en {connections} conexi" + ("ón" if connections == 1 else "ones"))


if __name__ == "__main__":
    {"servidor": servidor, "cliente": cliente}[sys.argv[1]](*sys.argv[2:])
