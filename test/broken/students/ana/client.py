#!/usr/bin/python3
# -*- coding: utf-8 -*-
"""Cliente del Registrar: con una línea vacía de más, y más de lo que se pide en pantalla."""

import socket
import sys

try:
    SERVER = sys.argv[1]
    PORT = int(sys.argv[2])
    METODO = sys.argv[3]
    USUARIO = sys.argv[4]
    EXPIRA = sys.argv[5]
except (IndexError, ValueError):
    sys.exit('Usage: client.py ip puerto register sip_address expires_value')

LINE = METODO.upper() + ' sip:' + USUARIO + ' SIP/2.0\r\n' + 'Expires: ' + EXPIRA + '\r\n\r\n'

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as my_socket:
    my_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    my_socket.connect((SERVER, PORT))
    print('Conectando con', SERVER, '...')
    print('> ' + LINE)
    my_socket.send(bytes(LINE, 'utf-8') + b'\r\n')
    data = my_socket.recv(1024)
    print('< ' + data.decode('utf-8'))

print('Fin.')
