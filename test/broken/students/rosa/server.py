"""Registrar en Python 2."""
import SocketServer
import sys


class SIPRegisterHandler(SocketServer.DatagramRequestHandler):

    def handle(self):
        print "El cliente nos manda", self.rfile.read()
        self.wfile.write("SIP/2.0 200 OK\r\n\r\n")


if __name__ == "__main__":
    SocketServer.UDPServer(("", int(sys.argv[1])), SIPRegisterHandler).serve_forever()
