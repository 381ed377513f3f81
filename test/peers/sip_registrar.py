"""Client and server of the SIP handout in Python 3: each exercise's, chosen by the first argument.

Stands for: client_ej3 = client_ej3
Stands for: server_ej4 = server_ej4
Stands for: client_ej5 = client_ej5
Stands for: server_ej6 = server_ej6
Stands for: client_ej7 = client_ej7
Stands for: server_ej7 = server_ej7
Stands for: client = client
Stands for: server_ej8 = server_ej8
Stands for: server_ej9 = server_ej9
Stands for: server = server
"""

import json
import os
import socket
import socketserver
import sys
import time

FILE = "registered.json"
FORMAT = "%Y-%m-%d %H:%M:%S +0000"


def client(ip, port, line):
    """Send one line and CRLF, print what is sent and what comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as my_socket:
        my_socket.connect((ip, port))
        print("Enviando:", line)
        my_socket.send(bytes(line, "utf-8") + b"\r\n")
        data = my_socket.recv(1024)
        print("Recibido -- ", data.decode("utf-8"))
    print("Socket terminado.")


class EchoHandler(socketserver.DatagramRequestHandler):
    """Exercise 4."""

    def handle(self):
        """Print the request's lines, and acknowledge them."""
        self.wfile.write(b"Hemos recibido tu peticion")
        for line in self.rfile:
            print("El cliente nos manda ", line.decode("utf-8"))


class AddressHandler(EchoHandler):
    """Exercise 6."""

    def handle(self):
        """Print who sends, too."""
        print(self.client_address)
        super().handle()


class SIPRegisterHandler(socketserver.DatagramRequestHandler):
    """Exercises 7 to 10; what a later one adds is switched on by its class below."""

    registered = {}
    shows_users = True
    keeps_file = False

    def handle(self):
        """Register a user, or remove him."""
        print(self.client_address)
        user, expires = None, 3600
        for line in self.rfile:
            text = line.decode("utf-8")
            print("El cliente nos manda ", text)
            words = text.split()
            if words and words[0] == "REGISTER":
                user = words[1].split(":", 1)[1]
            elif words and words[0].lower() == "expires:":
                expires = int(words[1])
        if user is not None:
            if expires == 0:
                self.registered.pop(user, None)
            else:
                self.registered[user] = self.entry(expires)
            if self.keeps_file:
                self.register2json()
            self.wfile.write(b"SIP/2.0 200 OK\r\n\r\n")
        if self.shows_users:
            for name, entry in self.registered.items():
                print(f"{name}: {entry}")

    def entry(self, _):
        """Exercise 7: the address is all there is."""
        return self.client_address[0]


class ExpiresHandler(SIPRegisterHandler):
    """Exercise 8."""

    def entry(self, expires):
        return f"{self.client_address[0]} {expires}"


class FileHandler(SIPRegisterHandler):
    """Exercises 9 and 10."""

    shows_users = False
    keeps_file = True

    def entry(self, expires):
        moment = time.gmtime(time.time() + expires)
        return {"address": self.client_address[0], "expires": time.strftime(FORMAT, moment)}

    @classmethod
    def register2json(cls):
        """Write the dictionary to a file of its own, and put that in the place of the old one."""
        with open(FILE + ".tmp", "w", encoding="utf-8") as file:
            json.dump(cls.registered, file, indent=2)
        os.replace(FILE + ".tmp", FILE)

    @classmethod
    def json2registered(cls):
        """Take the users of the file; a file with any error counts as none."""
        try:
            with open(FILE, encoding="utf-8") as file:
                cls.registered.update(json.load(file))
        except (OSError, ValueError, TypeError):
            pass

    @classmethod
    def expire(cls):
        """Remove whose time is up. Texts of this format sort as the moments do."""
        now = time.strftime(FORMAT, time.gmtime())
        gone = [user for user, entry in cls.registered.items() if entry["expires"] <= now]
        for user in gone:
            del cls.registered[user]
        if gone:
            cls.register2json()


class FileServer(socketserver.UDPServer):
    """A server that looks at the clock each time that its loop goes round."""

    def service_actions(self):
        self.RequestHandlerClass.expire()


HANDLERS = {
    "server_ej4": EchoHandler,
    "server_ej6": AddressHandler,
    "server_ej7": SIPRegisterHandler,
    "server_ej8": ExpiresHandler,
    "server_ej9": FileHandler,
    "server": FileHandler,
}


def serve(role, port):
    """Serve until Ctrl+C."""
    handler = HANDLERS[role]
    kind = FileServer if handler is FileHandler else socketserver.UDPServer
    if role == "server":
        handler.json2registered()
    with kind(("", port), handler) as serv:
        print("Lanzando servidor UDP de eco...")
        try:
            serv.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            print("Finalizado servidor")


def main(role, *arguments):
    """Play the role with the handout's arguments."""
    if role in HANDLERS:
        serve(role, int(arguments[0]) if arguments else 6001)
    elif role == "client_ej3":
        client("localhost", 6001, "¡Hola mundo!")
    elif role == "client_ej5":
        client(arguments[0], int(arguments[1]), " ".join(arguments[2:]))
    elif role == "client_ej7":
        client(arguments[0], int(arguments[1]), f"REGISTER sip:{arguments[3]} SIP/2.0\r\n")
    else:
        try:
            ip, port, _, user, expires = arguments
            port = int(port)
        except ValueError:
            usage = "Usage: client.py ip puerto register sip_address expires_value"
            print(usage, file=sys.stderr)
            sys.exit()
        client(ip, port, f"REGISTER sip:{user} SIP/2.0\r\nExpires: {expires}\r\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
