#!/usr/bin/env python3
"""The prototype of Control 1's report: HTTP downloads that are taken up again under a client's id.

Stands for: control1

Serves the folder that it is started in, on 127.0.0.1, on a port that the system chooses (or the
argument's). PAUSA is the pause after each piece, in seconds (0.05); the benchmark sets it to 0.
"""
import mimetypes
import os
import socketserver
import sys
import time
import uuid
from email.utils import formatdate

INPUT_SIZE = 256
PIECE_SIZE = 512
UUID_SIZE = 36
PAUSE = float(os.environ.get('PAUSA', '0.05'))
STATUS = {200: 'OK', 403: 'Forbidden', 404: 'Not Found'}

progress = {}  # bytes sent so far, by client id


class Handler(socketserver.BaseRequestHandler):
    def head(self, status, size, content_type='text/plain'):
        stamp = formatdate(usegmt=True)
        lines = [
            f'HTTP/1.1 {status} {STATUS[status]}',
            f'Date: {stamp}',
            "Server: ~el joServer 'the espinator' v0.1",
            f'Last-Modified: {stamp}',
            f'Content-Length: {size}',
            'Cache-Control: max-age=0',
            f'Expires: {stamp}',
            f'Content-Type: {content_type}',
        ]
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    def handle(self):
        request = self.request.recv(INPUT_SIZE).decode()
        if not request.startswith('GET /'):
            self.request.send(self.head(403, 0))
            return
        if request[5] == ' ':
            client_id = str(uuid.uuid4())
            progress[client_id] = 0
            self.request.send(self.head(200, UUID_SIZE))
            self.request.send(client_id.encode())
            return
        client_id, _, name = request.split(' ')[1][1:].partition('/')
        if client_id not in progress:
            self.request.send(self.head(404, 0))
            return
        total = os.path.getsize(name)
        sent = progress[client_id]
        with open(name, 'rb') as file:
            file.seek(sent)
            kind = mimetypes.guess_type(name)[0] or 'application/octet-stream'
            self.request.send(self.head(200, total - sent, kind))
            while data := file.read(PIECE_SIZE):
                try:
                    self.request.send(data)
                except ConnectionError:
                    print(f'El cliente {client_id} alcanzó a descargar {progress[client_id]} bytes')
                    return
                sent += len(data)
                progress[client_id] = sent
                print(f'{sent} de {total} bytes enviados', end='\r', flush=True)
                if PAUSE:
                    time.sleep(PAUSE)
            del progress[client_id]


class Server(socketserver.TCPServer):
    allow_reuse_address = True


if __name__ == '__main__':
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with Server(('localhost', port), Handler) as server:
        print('Servidor funcionando en {}:{}'.format(*server.server_address), flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
