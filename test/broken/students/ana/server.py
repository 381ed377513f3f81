#!/usr/bin/python3
# -*- coding: utf-8 -*-
"""Servidor Registrar: el usuario con su sip:, los datos anidados, la hora sin zona."""

import json
import socketserver
import sys
import time


class SIPRegisterHandler(socketserver.DatagramRequestHandler):
    """Registra a los usuarios."""

    usuarios = {}

    def handle(self):
        """Atiende una petición."""
        if not self.usuarios:
            self.json2registered()
        self.wfile.write(b"Hemos recibido tu peticion\r\n")
        peticion = self.rfile.read().decode('utf-8')
        print(self.client_address[0] + ':' + str(self.client_address[1]))
        print('El cliente nos manda ' + peticion)
        datos = peticion.split()
        if datos[0] == 'REGISTER':
            expira = int(datos[4])
            ahora = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(time.time()))
            hora = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(time.time() + expira))
            self.usuarios[datos[1]] = {'datos': {'address': self.client_address[0], 'expires': hora}}
            for usuario in list(self.usuarios):
                if self.usuarios[usuario]['datos']['expires'] <= ahora:
                    del self.usuarios[usuario]
            self.register2json()
            self.wfile.write(b"SIP/2.0 200 OK\r\n\r\n")

    def register2json(self):
        """Escribe el fichero."""
        with open('registered.json', 'w') as fichero:
            json.dump({'usuarios': self.usuarios}, fichero, indent=4)

    def json2registered(self):
        """Lee el fichero, si lo hay."""
        try:
            with open('registered.json') as fichero:
                self.usuarios.update(json.load(fichero)['usuarios'])
        except Exception:
            pass


if __name__ == "__main__":
    serv = socketserver.UDPServer(('', int(sys.argv[1])), SIPRegisterHandler)
    print("Lanzando servidor...")
    try:
        serv.serve_forever()
    except KeyboardInterrupt:
        print("Finalizado")
