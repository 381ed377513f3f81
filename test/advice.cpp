// The usual mistakes behind a failed step, in words for a student; English and Spanish.
#include "engine.hpp"

#include <map>
#include <sstream>

namespace conversation {

namespace {

struct Words2 {
    const char *en, *es;
};

const std::map<std::string, Words2, std::less<>> entries{
    {"refused",
     {"Nobody has that port: the server is not bound there (another port, another address), or it has ended.",
      "Nadie tiene ese puerto: el servidor no ha hecho bind en él (otro puerto, otra dirección) o ya ha terminado."}},
    {"port",
     {"The server must bind the exercise's port before it does anything else, and on every interface ('') or 127.0.0.1.",
      "El servidor debe hacer bind en el puerto del ejercicio antes de nada, y en toda interfaz ('') o en 127.0.0.1."}},
    {"no reply",
     {"The request arrives and no reply comes back. Does the server reply to the address that recvfrom() gave (or on the socket that accept() gave)? "
      "Does it wait for a second message, for the keyboard, or for the other client first?",
      "La petición llega y no vuelve respuesta. ¿Responde el servidor a la dirección que dio recvfrom() (o por el socket que dio accept())? "
      "¿Espera antes un segundo mensaje, el teclado o al otro cliente?"}},
    {"no message",
     {"The client's message does not arrive: host and port come from the arguments (or the handout's constants), the port as an integer. "
      "Does it wait for the reply to an earlier message, or for the keyboard?",
      "El mensaje del cliente no llega: host y puerto vienen de los argumentos (o de las constantes del guion), el puerto como entero. "
      "¿Espera la respuesta a un mensaje anterior, o el teclado?"}},
    {"other address",
     {"The server replied to a fixed port, not to the one that the request came from: use the address that recvfrom() gave.",
      "El servidor ha respondido a un puerto fijo y no al de quien preguntó: usa la dirección que da recvfrom()."}},
    {"other socket",
     {"The reply must leave from the socket that received the request: reply with sendto() on that very socket.",
      "La respuesta debe salir del mismo socket que recibió la petición: haz sendto() en ese socket."}},
    {"twice",
     {"The reply comes twice: is there a second sendto()/sendall(), or is the data sent once for each loop?",
      "La respuesta llega dos veces: ¿hay un segundo sendto()/sendall(), o se envía en cada vuelta del bucle?"}},
    {"unasked",
     {"Something was sent that nobody asked for: reply only to what has just been received.",
      "Se ha enviado algo que nadie pidió: responde solo a lo que se acaba de recibir."}},
    {"extra",
     {"There are bytes too many at the end: print() adds an end of line, a reply must not; send exactly what is asked.",
      "Sobran bytes al final: print() añade un fin de línea, una respuesta no; envía exactamente lo que se pide."}},
    {"crlf",
     {"The line end is missing or is not \\r\\n: SIP and HTTP lines end in \\r\\n, and an empty line (\\r\\n) ends the header.",
      "Falta el fin de línea o no es \\r\\n: las líneas de SIP y HTTP acaban en \\r\\n, y una línea vacía (\\r\\n) cierra la cabecera."}},
    {"differs",
     {"The bytes differ from the mark on: an echo sends back what came, neither stripped nor decoded nor with repr().",
      "Los bytes difieren desde la marca: un eco devuelve lo que llegó, sin strip(), sin decodificar y sin repr()."}},
    {"output",
     {"The program works on, but prints something else than the exercise shows: compare the line from the mark on.",
      "El programa sigue, pero imprime algo distinto de lo que pide el ejercicio: compara la línea desde la marca."}},
    {"not shown",
     {"What the exercise asks to print does not come up: is the print reached, and does it print what was received? Through a pipe Python prints at once with flush=True.",
      "No aparece lo que el ejercicio pide imprimir: ¿se llega al print, e imprime lo recibido? Por una tubería Python imprime al momento con flush=True."}},
    {"request",
     {"The request is not the exercise's from the mark on: the arguments in the handout's order (sys.argv), one blank between words, \\r\\n at the end of each line.",
      "La petición no es la del ejercicio desde la marca: los argumentos en el orden del guion (sys.argv), un blanco entre palabras, \\r\\n al final de cada línea."}},
    {"usage",
     {"Count the arguments (len(sys.argv)) before using them, and where one is missing print the handout's Usage line and end.",
      "Cuenta los argumentos (len(sys.argv)) antes de usarlos y, si falta alguno, imprime la línea Usage del guion y termina."}},
    {"taken",
     {"Two sockets share the port: without SO_REUSEADDR and SO_REUSEPORT the second bind() fails, as the exercise wants to show.",
      "Dos sockets comparten el puerto: sin SO_REUSEADDR ni SO_REUSEPORT el segundo bind() falla, que es lo que enseña el ejercicio."}},
    {"blocks",
     {"recvfrom() still waits for a message: setblocking(False), and where it raises an error print 'recepción fallida' and go on.",
      "recvfrom() sigue esperando un mensaje: setblocking(False), y cuando lance un error imprime 'recepción fallida' y sigue."}},
    {"early",
     {"It did not wait as long as the exercise says: the limit is in seconds, and counts from the last message.",
      "No ha esperado lo que dice el ejercicio: el plazo va en segundos y cuenta desde el último mensaje."}},
    {"unknown",
     {"Only the addresses of the list are answered: compare address[0], a string, with them before sendto().",
      "Solo se responde a las direcciones de la lista: compara address[0], una cadena, con ellas antes de sendto()."}},
    {"buffer",
     {"The buffer is to be smaller than the message: recvfrom(10) takes 10 bytes, and the rest of the datagram is lost.",
      "El buffer ha de ser menor que el mensaje: recvfrom(10) toma 10 bytes, y el resto del datagrama se pierde."}},
    {"status",
     {"The answer is the command's exit status in decimal, as text: os.system() runs it, os.waitstatus_to_exitcode() makes the status of what it gives.",
      "La respuesta es el estado de salida de la orden, en decimal y como texto: os.system() la ejecuta y os.waitstatus_to_exitcode() lo saca de lo que devuelve."}},
    {"silent",
     {"Nothing was printed: is the print reached? Through a pipe Python prints at once with flush=True.",
      "No se ha impreso nada: ¿se llega al print? Por una tubería Python imprime al momento con flush=True."}},
    {"runs",
     {"The program should have ended by now: is there a break for this case, and is the socket closed after the loop?",
      "El programa debería haber terminado: ¿hay un break para este caso, y se cierra el socket tras el bucle?"}},
    {"for ever",
     {"Nobody answers, and recvfrom() waits for ever: give the socket a time limit (settimeout()), or connect() it first, so that the error "
      "'Connection refused' comes back; print what happened and end.",
      "Nadie responde, y recvfrom() espera sin fin: pon un plazo al socket (settimeout()), o haz antes connect(), para que vuelva el error "
      "'Connection refused'; imprime lo que ha pasado y termina."}},
    {"reset",
     {"The connection was reset: it was closed with unread bytes, or the program ended. One client's reset must not end the server: catch the error of recv().",
      "La conexión se cortó (RST): se cerró con bytes sin leer o el programa terminó. El corte de un cliente no debe acabar con el servidor: captura el error de recv()."}},
    {"closed",
     {"The connection was closed too early: recv() may be called again for the same client; an end of stream is b'', not an error.",
      "La conexión se cerró antes de tiempo: se puede llamar otra vez a recv() para el mismo cliente; el final es b'', no un error."}},
    {"open",
     {"The connection should be closed now: close() the socket when the other side has ended (recv() gives b''), when its time is up, or after the last reply.",
      "La conexión debería estar ya cerrada: haz close() del socket cuando el otro lado ha acabado (recv() da b''), cuando vence su plazo o tras la última respuesta."}},
    {"not read",
     {"The program does not read what it is sent: it waits for something else, or blocks in send() to a client that does not read.",
      "El programa no lee lo que se le envía: espera otra cosa, o está bloqueado en send() con un cliente que no lee."}},
    {"short",
     {"Only the beginning came: TCP is a stream, so recv() gives what is there, not all of it. Read on in a loop, and send what is left with sendall().",
      "Solo ha llegado el principio: TCP es un flujo y recv() da lo que haya, no todo. Sigue leyendo en un bucle, y envía lo que queda con sendall()."}},
    {"header",
     {"In front of each body goes its size in bytes, in as many digits as the exercise says, and ':': b'%06d:' % len(data) + data.",
      "Delante de cada cuerpo va su tamaño en bytes, con tantas cifras como dice el ejercicio, y ':': b'%06d:' % len(datos) + datos."}},
    {"file",
     {"The file is not what was sent, from the mark on: open it as bytes ('rb', 'wb'), and neither add nor take away ends of line.",
      "El fichero no es lo que se envió, desde la marca: ábrelo como bytes ('rb', 'wb'), y no añadas ni quites fines de línea."}},
    {"both",
     {"The keyboard and the connection must be waited for at once: select([sys.stdin, s], [], []), or a thread for one of them.",
      "Hay que esperar a la vez al teclado y a la conexión: select([sys.stdin, s], [], []), o un hilo para uno de los dos."}},
    {"resume",
     {"The rest must begin where the first part ended: count under the client's id what was sent, and seek() to it.",
      "El resto debe empezar donde acabó la primera parte: cuenta con el id del cliente lo enviado, y haz seek() hasta ahí."}},
    {"no connection",
     {"The client does not connect: host and port come from the arguments (or the handout's constants), the port as an integer.",
      "El cliente no se conecta: host y puerto vienen de los argumentos (o de las constantes del guion), el puerto como entero."}},
    {"one client",
     {"While one client is silent another is not served: select() over all sockets, or a thread a client.",
      "Mientras un cliente calla no se atiende a otro: select() sobre todos los sockets, o un hilo por cliente."}},
    {"late",
     {"The answer comes only after the next message: a recv too many, or the reply is sent one loop later.",
      "La respuesta llega solo tras el siguiente mensaje: sobra un recv, o se responde una vuelta tarde."}},
    {"json",
     {"The file is not JSON where the error says: write it with json.dump() after every change, and close it (with open(...) as f).",
      "El fichero no es JSON donde dice el error: escríbelo con json.dump() tras cada cambio, y ciérralo (with open(...) as f)."}},
    {"stale",
     {"The file does not show the last change: write it at every REGISTER, also one with Expires: 0.",
      "El fichero no refleja el último cambio: escríbelo en cada REGISTER, también con Expires: 0."}},
    {"start",
     {"The users in registered.json are to be read when the server starts (json.load()), before serve_forever(), and kept in the dictionary.",
      "Los usuarios de registered.json se leen al arrancar (json.load()), antes de serve_forever(), y quedan en el diccionario."}},
    {"expiry",
     {"The time was up and the user is still there: compare the expiry with the present time and delete before writing the file.",
      "El plazo ha vencido y el usuario sigue ahí: compara la caducidad con la hora actual y borra antes de escribir el fichero."}},
    {"local time",
     {"The time is local time; the exercise asks for UTC (+0000): time.gmtime(), not time.localtime().",
      "La hora es la local; el ejercicio pide UTC (+0000): time.gmtime(), no time.localtime()."}},
    {"no file",
     {"The file must be written in the folder that the program runs in, under the exercise's name.",
      "El fichero debe escribirse en la carpeta donde corre el programa, con el nombre del ejercicio."}},
    {"flood", {"A loop prints without end: does it wait in recv()/select(), and does it stop when they give nothing?",
               "Un bucle imprime sin fin: ¿espera en recv()/select(), y para cuando no dan nada?"}},
    {"crash", {"The program ended by itself, by a signal (a crash): run it by hand and see where.",
               "El programa ha terminado solo, por una señal (un fallo): ejecútalo a mano y mira dónde."}},
    {"memory", {"The program's memory grows without end: does a list or a string grow in a loop?",
                "La memoria del programa crece sin fin: ¿crece una lista o una cadena en un bucle?"}},
    {"processes", {"It starts processes or threads without end. A child of fork() goes on from there too: it must end with os._exit() before it comes to the next fork().",
                   "Arranca procesos o hilos sin fin. El hijo de fork() también sigue desde ahí: debe acabar con os._exit() antes de llegar al siguiente fork()."}},
    {"disk", {"It writes files without end: does a loop write on when recv() gives nothing (b'')?",
              "Escribe ficheros sin fin: ¿sigue un bucle escribiendo cuando recv() ya no da nada (b'')?"}},
    {"traceback", {"Python stopped with an exception; its last line is the one to read: {}",
                   "Python terminó con una excepción; su última línea es la que hay que leer: {}"}},
    {"arguments",
     {"Python stopped with an exception; its last line is the one to read: {}. The program uses an argument (sys.argv) that it was not given "
      "(the command is behind the $): count them (len(sys.argv)) before using them, and where one is missing print the handout's Usage line, "
      "or take the handout's constants. CMD='python3 x.py {host} {port}' gives it others.",
      "Python terminó con una excepción; su última línea es la que hay que leer: {}. El programa usa un argumento (sys.argv) que no ha recibido "
      "(la orden está tras el $): cuéntalos (len(sys.argv)) antes de usarlos y, si falta alguno, imprime la línea Usage del guion, "
      "o toma las constantes del guion. CMD='python3 x.py {host} {port}' le da otros."}},
    {"syntax", {"Python cannot read the file: {}", "Python no puede leer el fichero: {}"}},
    {"python2", {"This is Python 2 (print without parentheses, or raw_input); today's python3 cannot run it: run it with python2, or port it (2to3).",
                 "Esto es Python 2 (print sin paréntesis, o raw_input); el python3 de hoy no lo ejecuta: usa python2, o pásalo a Python 3 (2to3)."}},
    {"missing", {"There is no such program: CMD is what you would type to start it, seen from the folder where make runs.",
                 "No existe ese programa: CMD es lo que escribirías para arrancarlo, visto desde la carpeta donde se ejecuta make."}},
};

std::string last_line(const std::string& text) {
    std::size_t end = text.find_last_not_of(" \n\r");
    if (end == std::string::npos) return "";
    const std::size_t start = text.rfind('\n', end);
    return harmless(text.substr(start == std::string::npos ? 0 : start + 1, end - start), 200);
}

// The exception of the last traceback: the first line behind it that is not indented. (socketserver
// draws a line of dashes under it, and more may be printed later.)
std::string exception_of(const std::string& errors) {
    std::istringstream lines(errors.substr(errors.rfind("Traceback (most recent call last)")));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line) && !lines.eof()) // a whole line
        if (!line.empty() && line[0] != ' ') return harmless(line, 200);
    return "";
}

} // namespace

bool is_amid_traceback(const std::string& errors) {
    return errors.find("Traceback (most recent call last)") != std::string::npos && exception_of(errors).empty();
}

std::string hint_of_errors(const std::string& errors) {
    const auto has = [&](const char* part) { return errors.find(part) != std::string::npos; };
    if (has("Missing parentheses in call to 'print'") || has("name 'raw_input' is not defined") ||
        has("multiple exception types must be parenthesized") || (has("SyntaxError") && has("except socket.error,")))
        return "python2";
    if (has("SyntaxError") || has("IndentationError") || has("TabError")) return "syntax:" + last_line(errors);
    if (has("can't open file") || has(": not found") || has("No such file or directory: 'sh'") || has("Permission denied\n"))
        return "missing";
    if (has("can't start new thread")) return "processes";
    if (!has("Traceback (most recent call last)")) return "";
    const std::string exception = exception_of(errors);
    const bool missing_word = exception.starts_with("IndexError") || exception.starts_with("ValueError: not enough values to unpack");
    if (missing_word && errors.find("sys.argv", errors.rfind("Traceback (most recent call last)")) != errors.npos)
        return "arguments:" + exception;
    return exception == "KeyboardInterrupt" ? "" : "traceback:" + exception; // the conversation's own Ctrl+C
}

std::string advice(const std::string& hint) {
    const std::size_t colon = hint.find(':');
    const auto entry = entries.find(hint.substr(0, colon));
    if (entry == entries.end()) return "";
    std::string words = spanish ? entry->second.es : entry->second.en;
    if (const std::size_t at = words.find("{}"); at != std::string::npos)
        words.replace(at, 2, colon == std::string::npos ? "" : hint.substr(colon + 1));
    return words;
}

} // namespace conversation
