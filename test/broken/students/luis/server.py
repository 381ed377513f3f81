"""Registrar con listas en lugar de diccionarios, como el ejemplo del enunciado."""
import json
import socketserver
import sys
import time

FORMATO = '%Y-%m-%d %H:%M:%S +0000'


class SIPRegisterHandler(socketserver.DatagramRequestHandler):
    lista = []

    def handle(self):
        line = self.rfile.read().decode('utf-8')
        print('>>> ', end='')
        print(line)
        usuario = line.split(' ')[1][4:]
        expires = 3600
        if 'Expires:' in line:
            expires = int(line.split('Expires: ')[1].split('\r\n')[0])
        self.caduca()
        for entrada in self.lista:
            if entrada[0] == usuario:
                self.lista.remove(entrada)
        if expires > 0:
            cuando = time.strftime(FORMATO, time.gmtime(time.time() + expires))
            self.lista.append([usuario, {'address': 'localhost', 'expires': cuando}])
        self.register2json()
        self.wfile.write(b'SIP/2.0 200 OK\r\n\r\n')

    def caduca(self):
        ahora = time.strftime(FORMATO, time.gmtime())
        for entrada in self.lista[:]:
            if entrada[1]['expires'] <= ahora:
                self.lista.remove(entrada)

    def register2json(self):
        json.dump(self.lista, open('registered.json', 'w'))

    @classmethod
    def json2registered(cls):
        try:
            cls.lista = json.load(open('registered.json'))
        except (FileNotFoundError, ValueError):
            cls.lista = []


SIPRegisterHandler.json2registered()
socketserver.UDPServer(('0.0.0.0', int(sys.argv[1])), SIPRegisterHandler).serve_forever()
