#!/usr/bin/env python3
"""The self-guided practice, part 1 (UDP), in Python 3: udp_api.py NAME [arguments].

Stands for: udp_echo_client = client
Stands for: udp_echo_server = server
Stands for: udp_echo_client_1_5_1 = client_1_5_1
Stands for: udp_echo_server_1_5_2 = server_1_5_2
Stands for: udp_echo_server_1_5_3 = server_1_5_3
Stands for: udp_echo_client_1_5_3 = client_1_5_3
Stands for: udp_echo_server_1_5_4 = server_1_5_4
Stands for: udp_echo_client_1_5_4 = client_1_5_4
Stands for: udp_echo_server_1_5_5 = server_1_5_5
Stands for: udp_echo_server_1_5_6 = server_1_5_6
"""
import os
import socket
import sys

MENSAJE = "TyR: Echo sobre UDP"


def udp_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def text(data):
    return data.decode(errors="surrogateescape")


def messages(host, port, size=1024):
    """Prints what the listing prints; gives each message with its socket, address and real size."""
    with udp_socket() as s:
        s.bind((host, int(port)))
        print(f"Socket creado, escuchando en {host}:{s.getsockname()[1]}", flush=True)
        while True:
            print("Esperando clientes...", flush=True)
            buffer = bytearray(size)
            real_size, address = s.recvfrom_into(buffer, size, socket.MSG_TRUNC)
            print(f"Conexion desde: {address[0]}:{address[1]}", flush=True)
            yield s, bytes(buffer[:real_size]), address, real_size


def server(port="3500"):
    for s, data, address, _ in messages("localhost", port):
        if data:
            s.sendto(data, address)


def server_1_5_2(known, port="3500"):
    for s, data, address, _ in messages("0.0.0.0", port):
        if address[0] not in known.split(","):
            print(f"Ignorado: {address[0]} no es una direccion conocida", flush=True)
        elif data:
            s.sendto(data, address)


def server_1_5_3(port="3500", size="10"):
    for s, data, address, real_size in messages("localhost", port, int(size)):
        if len(data) < real_size:
            print(f"Mensaje cortado: {len(data)} bytes de {real_size}", flush=True)
        if data:
            s.sendto(data, address)


def server_1_5_4(port="3500"):
    for s, data, address, _ in messages("localhost", port):
        print("Recibi:", text(data), flush=True)
        try:
            s.sendto(os.fsencode(input("Respuesta: ")), address)
        except EOFError:
            break


def server_1_5_5(port="3500"):
    for s, data, address, _ in messages("localhost", port):
        if data:
            s.sendto(data, address)
        if data.strip() == b"TERMINAR":
            break


def server_1_5_6(port="3500"):
    for s, data, address, _ in messages("127.0.0.1", port):
        order, _, command = text(data).partition(" ")
        if order == "EJECUTAR" and command:
            print("Ejecutando:", command.strip(), flush=True)
            status = os.waitstatus_to_exitcode(os.system(command))
            data = str(status if status >= 0 else 128 - status).encode()
        if data:
            s.sendto(data, address)
        if data.strip() == b"TERMINAR":
            break


def client(host="localhost", port="3500"):
    with udp_socket() as s:
        s.sendto(MENSAJE.encode(), (host, int(port)))
        data = s.recvfrom(1024)[0]
    print("-->", text(data))


def client_1_5_1(host="localhost", port="3500"):
    with udp_socket() as s:
        s.settimeout(5)
        try:
            s.connect((host, int(port)))
            s.send(MENSAJE.encode())
            print("-->", text(s.recv(1024)))
        except socket.timeout:
            sys.exit(print(f"Sin respuesta de {host}:{port} en 5 segundos") or 1)
        except OSError as error:
            sys.exit(print(f"No hay servidor en {host}:{port}: {error.strerror}") or 1)


def client_1_5_3(host="localhost", port="3500", size=None):
    mensaje = MENSAJE.encode()
    if size is not None:
        mensaje = (mensaje * (int(size) // len(mensaje) + 1))[: int(size)]
    with udp_socket() as s:
        s.sendto(mensaje, (host, int(port)))
        data = s.recvfrom(1024)[0]
    print(f"Enviados {len(mensaje)} bytes, recibidos {len(data)}")
    print("-->", text(data))


def client_1_5_4(host="localhost", port="3500"):
    mensaje = MENSAJE
    with udp_socket() as s:
        while True:
            s.sendto(os.fsencode(mensaje), (host, int(port)))
            print("-->", text(s.recvfrom(1024)[0]), flush=True)
            try:
                mensaje = input("Mensaje: ")
            except EOFError:
                break


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
