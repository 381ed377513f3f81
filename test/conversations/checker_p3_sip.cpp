// The checker held to account on the UDP practices and the SIP one: for each exercise a Python program
// with one fault, which must fail with the words that help. (That the same programs without their
// faults do as ours is held by "our Python peers and our programs behave alike" in checker.cpp.)
#include "checker.hpp"

#include <cstdlib>

using namespace conversation;
namespace fs = std::filesystem;

namespace {

const Fault faults[] = {
    // ---- the echo servers of p3
    {"v1", "p3.1", "servidor_eco_v1", "peers/udp_eco.py", "        s.sendto(data, addr)\n        show(\"Message",
     "        s.sendto(data, ('127.0.0.1', 44445))\n        show(\"Message", {"The server replied to a fixed port|address that recvfrom() gave"}},
    {"v1", "p3.1", "servidor_eco_v1", "peers/udp_eco.py", "        s.sendto(data, addr)\n        show(\"Message",
     "        s.sendto(data, addr)\n        break\n        show(\"Message", {"Nobody has that port"}},
    {"v1 late", "p3.1", "servidor_eco_v1", "peers/udp_eco.py", "        data, addr = s.recvfrom(1024)\n        if data",
     "        s.recvfrom(1024)\n        data, addr = s.recvfrom(1024)\n        if data", {"The answer comes only after the next message"}},
    {"v1 late", "p3.2", "servidor_eco_v1", "peers/udp_eco.py", "    s.bind((\"\", port))",
     "    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n    s.bind((\"\", port))", {"Two sockets share the port"}},
    {"v1 late", "p3.3", "cliente_eco_v1", "peers/udp_eco.py", "s.sendto(msg, (host", "s.sendto(msg + b'\\n', (host",
     {"There are bytes too many at the end"}},
    {"dot", "p3.4", "servidor_eco_v1_4", "peers/udp_eco.py", "s.sendto(b\".\", addr)", "s.sendto(b\"fin\", addr)", {"differs from here"}},
    {"dot", "p3.4", "cliente_eco_v1_4", "peers/udp_eco.py", "if ends_at_dot and", "if not ends_at_dot and",
     {"The program should have ended by now"}},
    {"v2", "p3.6", "servidor_eco_v2", "peers/udp_eco.py", "    except OSError as error:\n        fallo(\"bind\", error)\n    with s",
     "    except ValueError:\n        pass\n    with s", {"last line is the one to read: OSError"}},
    {"v2", "p3.6", "cliente_eco_v2", "peers/udp_eco.py", "show(\"Server reply : \", reply)", "show(\"Server reply : \", reply[9999])",
     {"last line is the one to read: IndexError"}},
    {"v25", "p3.7", "servidor_eco_v25", "peers/udp_eco.py", "blocking=False)", "blocking=True)", {"recvfrom() still waits"}},
    {"v25", "p3.select", "select_stdin", "peers/udp_finales.py", "print(rlist[0].read())", "print(len(rlist[0].read()))",
     {"what was typed is printed"}},
    {"v3", "p3.8", "servidor_eco_v3", "peers/udp_eco.py", "rlist, _, _ = select.select([s, s2], [], [], limit)", "rlist = [s, s2]",
     {"While one client is silent another is not served"}},
    {"v3", "p3.9", "servidor_eco_v3_9", "peers/udp_eco.py", "limit=20, ends=True", "limit=4, ends=True",
     {"It did not wait as long as the exercise says|Nobody has that port"}},
    {"slow", "p3.10", "servidor_eco_v3_10", "peers/udp_eco.py", "sleep=3)", "sleep=0)", {"It did not wait as long as the exercise says"}},
    {"slow", "p3.10", "cliente_eco_v3_10", "peers/udp_eco.py", "show(f\"No ha llegado respuesta del servidor en {limit:g} seg.\")",
     "show(\"\")", {"the client says that no reply came"}},
    {"3b", "p3.v3b", "servidor_eco_v3b", "peers/udp_eco.py", "s.settimeout(5.0)", "s.settimeout(2.0)",
     {"It did not wait as long as the exercise says|Nobody has that port"}},
    {"3b", "p3.11", "servidor_eco_v3b_11", "peers/udp_eco.py", "    sock.sendto(data, addr)",
     "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(data, addr)",
     {"The reply must leave from the socket that received the request"}},
    {"finals", "p3.f1", "servidor_aleatorio", "peers/udp_finales.py", "random.randint(20000, 20100)", "random.randint(30000, 30100)",
     {"The server must bind the exercise's port"}},
    {"finals", "p3.f1", "cliente_escaner", "peers/udp_finales.py", "está activo en el puerto\", port)", "está activo\")",
     {"the scan prints the port"}},
    {"finals", "p3.f2", "servidor_fichero", "peers/udp_finales.py", "fichero.write(data if data.endswith(b\"\\n\") else data + b\"\\n\")",
     "fichero.write(data)", {"each message on a line of its own"}},
    // ---- the self-guided practice, part 1
    {"api", "api.1.3", "udp_echo_server", "peers/udp_api.py", "            s.sendto(data, address)", "            s.sendto(data, address), s.sendto(data, address)",
     {"The reply comes twice"}},
    {"api", "api.1.3", "udp_echo_client", "peers/udp_api.py", "print(\"-->\", text(data))", "print(\"-->\")",
     {"What the exercise asks to print does not come up"}},
    {"api", "api.1.5.1", "udp_echo_client_1_5_1", "peers/udp_api.py", "print(f\"No hay servidor en {host}:{port}: {error.strerror}\")", "None",
     {"the client says that nobody answered"}},
    {"api", "api.1.5.2", "udp_echo_server_1_5_2", "peers/udp_api.py", "if address[0] not in known.split(\",\"):", "if address not in [address]:",
     {"Only the addresses of the list are answered"}},
    {"api", "api.1.5.3", "udp_echo_server_1_5_3", "peers/udp_api.py", "size=\"10\"", "size=\"1024\"",
     {"The buffer is to be smaller than the message"}},
    {"api 2", "api.1.5.4", "udp_echo_server_1_5_4", "peers/udp_api.py", "s.sendto(os.fsencode(input(\"Respuesta: \")), address)",
     "s.sendto(os.fsencode(input(\"Respuesta: \") + \"\\n\"), address)", {"There are bytes too many at the end"}},
    {"api 2", "api.1.5.4", "udp_echo_client_1_5_4", "peers/udp_api.py", "mensaje = input(\"Mensaje: \")", "input(\"Mensaje: \")",
     {"differs from here"}},
    {"api 2", "api.1.5.5", "udp_echo_server_1_5_5", "peers/udp_api.py", "            break\n\n\ndef server_1_5_6",
     "            sys.exit(3)\n\n\ndef server_1_5_6", {"must end with status 0, and it ended with status 3"}},
    {"api 2", "api.1.5.6", "udp_echo_server_1_5_6", "peers/udp_api.py", "os.waitstatus_to_exitcode(os.system(command))",
     "os.system(command) and 1", {"The answer is the command's exit status in decimal"}},
    // ---- the SIP practice
    {"sip", "p4sip.3", "client_ej3", "peers/sip_registrar.py", "+ b\"\\r\\n\")", "+ b\"\\n\")", {"The line end is missing or is not \\r\\n"}},
    {"sip", "p4sip.4", "server_ej4", "peers/sip_registrar.py", "self.wfile.write(b\"Hemos recibido tu peticion\")",
     "self.wfile.write(b\"Hemos recibido tu peticion\" * 2)", {"The reply comes twice"}},
    {"sip", "p4sip.5", "client_ej5", "peers/sip_registrar.py", "\" \".join(arguments[2:])", "arguments[2]", {"The request is not the exercise's"}},
    {"sip", "p4sip.6", "server_ej6", "peers/sip_registrar.py", "print(self.client_address)", "print(\"un cliente\")",
     {"What the exercise asks to print does not come up"}},
    {"register", "p4sip.7", "client_ej7", "peers/sip_registrar.py", "f\"REGISTER sip:{arguments[3]} SIP/2.0\\r\\n\"",
     "f\"REGISTER {arguments[3]} SIP/2.0\\r\\n\"", {"The request is not the exercise's"}},
    {"register", "p4sip.7", "server_ej7", "peers/sip_registrar.py", "b\"SIP/2.0 200 OK\\r\\n\\r\\n\"", "b\"SIP/2.0 200 OK\\r\\n\"",
     {"The line end is missing or is not \\r\\n"}},
    {"register", "p4sip.8", "client", "peers/sip_registrar.py", "            ip, port, _, user, expires = arguments\n            port = int(port)\n        except ValueError:",
     "            ip, port, _, user, expires = arguments\n            port = int(port)\n        except OSError:", {"last line is the one to read: ValueError"}},
    {"register", "p4sip.8", "server_ej8", "peers/sip_registrar.py", "expires = int(words[1])", "expires = int(words[0])",
     {"last line is the one to read: ValueError|ends here, at byte 0"}},
    {"json", "p4sip.9", "server_ej9", "peers/sip_registrar.py", "moment = time.gmtime(time.time() + expires)",
     "moment = time.localtime(time.time() + expires)", {"The time is local time"}},
    {"json", "p4sip.12", "server", "peers/sip_registrar.py", "json.dump(cls.registered, file, indent=2)", "print(cls.registered, file=file)",
     {"The file is not JSON where the error says"}},
    {"json", "p4sip.10", "server", "peers/sip_registrar.py", "        handler.json2registered()", "        pass",
     {"The users in registered.json are to be read when the server starts"}},
    {"json", "p4sip.10", "server", "peers/sip_registrar.py", "except (OSError, ValueError, TypeError):", "except OSError:",
     {"last line is the one to read: json.decoder.JSONDecodeError"}},
    {"expiry", "p4sip.9", "server_ej9", "peers/sip_registrar.py", "            del cls.registered[user]\n", "            pass\n",
     {"The time was up and the user is still there"}},
    {"json", "p4sip.9", "server_ej9", "peers/sip_registrar.py", "FILE = \"registered.json\"", "FILE = \"registrados.json\"",
     {"The file must be written in the folder that the program runs in"}},
    // ---- programs as students write them
    {"client", "p4sip.8", "client", "broken/students/ana/client.py", "except (IndexError, ValueError):", "except ValueError:",
     {"last line is the one to read: IndexError"}},
    {"client", "p4sip.8", "client", "broken/students/ana/client.py", "METODO.upper()", "METODO", {"The request is not the exercise's"}},
    {"client", "p4sip.8", "client", "broken/students/ana/client.py", "    my_socket.send(", "    input('Pulsa Enter para enviar')\n    my_socket.send(",
     {"The client's message does not arrive"}},
    {"server", "p4sip.9", "server_ej9", "broken/students/ana/server.py", "time.gmtime(time.time() + expira)", "time.localtime(time.time() + expira)",
     {"The time is local time"}},
    {"server", "p4sip.9", "server_ej9", "broken/students/luis/server.py", "json.dump(self.lista, open('registered.json', 'w'))",
     "open('registered.json', 'w').write(str(self.lista))", {"The file is not JSON where the error says"}},
    {"server", "p4sip.10", "server", "broken/students/luis/server.py", "\nSIPRegisterHandler.json2registered()\n", "\n",
     {"The users in registered.json are to be read when the server starts"}}, // and not the Ctrl+C that ended the one before
    {"server", "p4sip.10", "server", "broken/students/luis/server.py", "except (FileNotFoundError, ValueError):", "except FileNotFoundError:",
     {"last line is the one to read: json.decoder.JSONDecodeError"}},
};

} // namespace

CONVERSATION("checker.p3", "runner", "each exercise of p3, api.1 and p4sip has a wrong program", "ours") {
    all_have_one(talk, faults, {"p3", "api.1", "p4sip"});
}

CONVERSATION("checker.p3", "runner", "wrong: a fixed port, ends at once", "ours") { all_fail(talk, faults, "v1"); }
CONVERSATION("checker.p3", "runner", "wrong: one message late, a shared port, a byte too many", "ours") { all_fail(talk, faults, "v1 late"); }
CONVERSATION("checker.p3", "runner", "wrong: '.' answered otherwise, a client that stays", "ours") { all_fail(talk, faults, "dot"); }
CONVERSATION("checker.p3", "runner", "wrong: an exception not caught, one of its own", "ours") { all_fail(talk, faults, "v2"); }
CONVERSATION("checker.p3", "runner", "wrong: blocks, prints something else", "ours") { all_fail(talk, faults, "v25"); }
CONVERSATION("checker.p3", "runner", "wrong: waits for the other socket, ends too soon", "ours") { all_fail(talk, faults, "v3"); }
CONVERSATION("checker.p3", "runner", "wrong: does not sleep, does not say", "ours") { all_fail(talk, faults, "slow"); }
CONVERSATION("checker.p3", "runner", "wrong: a shorter limit, another socket", "ours") { all_fail(talk, faults, "3b"); }
CONVERSATION("checker.p3", "runner", "wrong: the final exercises", "ours") { all_fail(talk, faults, "finals"); }
CONVERSATION("checker.api.1", "runner", "wrong: twice, in silence, for everybody, a large buffer", "ours") { all_fail(talk, faults, "api"); }
CONVERSATION("checker.api.1", "runner", "wrong: the chat, TERMINAR, EJECUTAR", "ours") { all_fail(talk, faults, "api 2"); }
CONVERSATION("checker.p4sip", "runner", "wrong: line ends, arguments, what is printed", "ours") { all_fail(talk, faults, "sip"); }
CONVERSATION("checker.p4sip", "runner", "wrong: REGISTER, the usage", "ours") { all_fail(talk, faults, "register"); }
CONVERSATION("checker.p4sip", "runner", "wrong: local time, no JSON, another file, nobody read at the start", "ours") { all_fail(talk, faults, "json"); }
CONVERSATION("checker.p4sip", "runner", "wrong: nobody expires", "ours") { all_fail(talk, faults, "expiry"); }
CONVERSATION("checker.p4sip", "runner", "wrong: a client without its arguments, in small letters, that waits for a key", "ours") { all_fail(talk, faults, "client"); }
CONVERSATION("checker.p4sip", "runner", "wrong: local time, Python's str() for JSON", "ours") { all_fail(talk, faults, "server"); }

// Right, in forms of their own: the user with his sip:, dictionaries in dictionaries, times without a
// zone, what exercise 4 answered before the 200, blank lines, prompts.
CONVERSATION("checker.p4sip", "runner", "a submission of server.py and client.py, as the handout asks for", "ours") {
    const fs::path ana = repository() / "test" / "broken" / "students" / "ana";
    const std::string said = checked(talk, {"p4sip"}, "DIR", ana.string(), 0);
    must_say(talk, said, {"p4sip.7    pass with remarks", "p4sip.12   pass with remarks", "5 of 5 exercises pass",
                          "the reply is more than", "the request differs", "at the next request only"});
}

CONVERSATION("checker.p4sip", "runner", "a server.py with lists, whose users go at the next request", "ours") {
    const fs::path luis = repository() / "test" / "broken" / "students" / "luis";
    must_say(talk, checked(talk, {"p4sip.9", "p4sip.10"}, "DIR", luis.string(), 0), {"2 of 2 exercises pass"});
}

CONVERSATION("checker.p4sip", "runner", "a server.py in Python 2 cannot run, and the checker says so", "ours") {
    if (std::system("{ python2 -c '' || python2.7 -c ''; } 2>/dev/null") == 0) talk.skip("this system has Python 2");
    const fs::path rosa = repository() / "test" / "broken" / "students" / "rosa";
    const std::string said = checked(talk, {"server"}, "DIR", rosa.string(), 1);
    must_say(talk, said, {"it is Python 2", "0 of 2 exercises pass"});
}
