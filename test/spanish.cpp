// The conversations' own texts in Spanish: titles, what is expected, remarks. ({}: what varies.) The
// engine's sentences and the hints have both languages where they are written.
#include "engine.hpp"

#include <algorithm>

namespace conversation {

bool spanish = false;

namespace {

struct Entry {
    const char *en, *es;
};

const Entry entries[] = {
    // ---- titles: p3
    {"the same bytes come back, to each client its own; '.' ends it", "vuelven los mismos bytes, a cada cliente los suyos; '.' lo termina"},
    {"two netcats at once, as the exercise has it", "dos netcat a la vez, como en el ejercicio"},
    {"a second server on a taken port fails, the first goes on", "un segundo servidor en un puerto ocupado falla, el primero sigue"},
    {"sends what is typed, shows what comes back", "envía lo que se teclea, muestra lo que vuelve"},
    {"'.' is answered with '.'", "a '.' se responde con '.'"},
    {"ends when '.' comes back", "termina cuando vuelve '.'"},
    {"a taken port is an exception that is caught, and said", "un puerto ocupado es una excepción que se captura y se dice"},
    {"never blocks: says so where nothing has come, and echoes what has", "nunca se bloquea: lo dice cuando no ha llegado nada, y devuelve lo que llega"},
    {"waits for the keyboard, and prints what was typed", "espera al teclado e imprime lo que se tecleó"},
    {"two sockets, and an echo from each", "dos sockets, y un eco desde cada uno"},
    {"ends after 20 seconds without a message, not before", "termina tras 20 segundos sin mensajes, no antes"},
    {"sleeps 3 seconds before the reply", "duerme 3 segundos antes de responder"},
    {"waits X seconds for the reply and no longer", "espera la respuesta X segundos y no más"},
    {"a time limit on the socket: ends after 5 seconds", "un plazo en el socket: termina tras 5 segundos"},
    {"two sockets with settimeout: both are served, in their time", "dos sockets con settimeout: se atienden los dos, cada uno a su tiempo"},
    {"echoes on some port from 20000 to 20100, where the scan finds it", "hace eco en algún puerto de 20000 a 20100, donde el escáner lo encuentra"},
    {"finds the server's port and prints it", "encuentra el puerto del servidor y lo imprime"},
    {"each message a line of a file, which ends after 5 seconds of silence", "cada mensaje es una línea de un fichero, que acaba tras 5 segundos de silencio"},
    // ---- titles: api
    {"the same bytes come back, to each client its own", "vuelven los mismos bytes, a cada cliente los suyos"},
    {"sends its message, prints what comes back, ends", "envía su mensaje, imprime lo que vuelve y termina"},
    {"without a server it notices, says so and ends", "sin servidor se da cuenta, lo dice y termina"},
    {"answers a known address, ignores another", "responde a una dirección conocida, ignora otra"},
    {"a buffer smaller than the message: the rest is lost", "un buffer menor que el mensaje: el resto se pierde"},
    {"the server's side of the chat: each answer is typed", "el lado del servidor en el chat: cada respuesta se teclea"},
    {"the client's side of the chat: shows the answer, then its turn", "el lado del cliente en el chat: muestra la respuesta y después es su turno"},
    {"a message that ends the server: TERMINAR", "un mensaje que termina el servidor: TERMINAR"},
    {"EJECUTAR command, answered with its exit status", "EJECUTAR orden, y se responde con su estado de salida"},
    {"client and server, as 2.3 runs them", "cliente y servidor, como se ejecutan en 2.3"},
    {"says Hola Mundo! and shows the reply", "dice Hola Mundo! y muestra la respuesta"},
    {"a queue of one, and two clients at once: both are served", "una cola de uno y dos clientes a la vez: se atienden los dos"},
    {"send() in pieces of 4 bytes, and all of them arrive", "send() en trozos de 4 bytes, y llegan todos"},
    {"recv(4) in a loop: nothing is lost", "recv(4) en un bucle: no se pierde nada"},
    {"a text and an image over one connection", "un texto y una imagen por una misma conexión"},
    // ---- titles: p4tcp
    {"asks a web server and prints each step and what comes first", "pide a un servidor web e imprime cada paso y lo primero que llega"},
    {"sends each line, shows what the other side answers", "envía cada línea, muestra lo que responde el otro lado"},
    {"echoes to one client, and '.' ends both", "hace eco a un cliente, y '.' termina los dos"},
    {"two clients by turns: when the first goes, the second's has come", "dos clientes por turno: cuando se va el primero le toca al segundo"},
    {"closes after the first reply, takes the next, waits 5 seconds at most for a word", "cierra tras la primera respuesta, pasa al siguiente, espera 5 segundos como mucho a que diga algo"},
    {"ends after the first reply", "termina tras la primera respuesta"},
    {"two clients in parallel: three sockets in the server, one in each client", "dos clientes en paralelo: tres sockets en el servidor, uno en cada cliente"},
    {"one connection to capture: set up, a small message, release", "una conexión para capturar: establecimiento, un mensaje corto, liberación"},
    {"puts out who is silent for 5 seconds, each by its own clock", "echa a quien calla 5 segundos, cada uno con su propio reloj"},
    {"two messages come as one", "dos mensajes llegan como uno"},
    {"the same two messages, each with its size in front, stay two", "los mismos dos mensajes, cada uno con su tamaño delante, siguen siendo dos"},
    {"the bytes on the wire", "los bytes que salen a la red"},
    {"echoes messages, two in one packet as well as one in many", "devuelve mensajes, tanto dos en un paquete como uno en muchos"},
    {"puts the size in front, and shows the reply whole", "pone el tamaño delante y muestra entera la respuesta"},
    {"two clients in parallel, a thread each", "dos clientes en paralelo, un hilo para cada uno"},
    {"a password, then what one says all others hear", "una contraseña, y después lo que dice uno lo oyen los demás"},
    {"what comes is shown, what is typed is sent, in any order", "lo que llega se muestra, lo que se teclea se envía, en cualquier orden"},
    {"what comes until the end is in the file", "lo que llega hasta el final está en el fichero"},
    {"the file's bytes, then the end", "los bytes del fichero, y después el final"},
    {"one message with its header is the file", "un mensaje con su cabecera es el fichero"},
    {"one header of six digits and the whole file", "una cabecera de seis cifras y el fichero entero"},
    {"150 KB of text over one connection, to be looked at", "150 KB de texto por una conexión, para observarla"},
    // ---- titles: p4sip
    {"sends a line, prints the reply", "envía una línea, imprime la respuesta"},
    {"answers every request, prints its lines", "responde a cada petición, imprime sus líneas"},
    {"the words from the third on are the line", "las palabras desde la tercera son la línea"},
    {"prints who sends; the port is its argument", "imprime quién envía; el puerto es su argumento"},
    {"sends REGISTER", "envía REGISTER"},
    {"answers REGISTER with 200 OK", "responde a REGISTER con 200 OK"},
    {"sends REGISTER with Expires", "envía REGISTER con Expires"},
    {"its usage, in the handout's words, where arguments are missing", "su línea Usage, como en el guion, cuando faltan argumentos"},
    {"registers and removes", "registra y da de baja"},
    {"registered.json: written at every change; users whose time is up go", "registered.json: se escribe en cada cambio; los usuarios caducados desaparecen"},
    {"starts with the users of registered.json; one that is no JSON counts as none", "arranca con los usuarios de registered.json; si no es JSON, como si no lo hubiera"},
    {"marty and doc register, marty's 5 seconds pass, both are removed", "marty y doc se registran, pasan los 5 segundos de marty, los dos se dan de baja"},
    // ---- titles: c1
    {"an id for every new client, 403 for another method, 404 for an unknown id", "un id para cada cliente nuevo, 403 para otro método, 404 para un id desconocido"},
    {"the report's demonstration: curl, Ctrl+C, curl again, cat, the same file", "la demostración de la memoria: curl, Ctrl+C, otra vez curl, cat, el mismo fichero"},
    {"asked again after the end: 404", "pedido otra vez tras el final: 404"},
    {"an id for each device, and each gets all of the file under its own", "un id para cada dispositivo, y cada uno recibe todo el fichero con el suyo"},
    {"a download is cut, and the same request brings the rest", "una descarga se corta, y la misma petición trae el resto"},
    {"clients that vanish at any moment: the next is served as if nothing had been", "clientes que desaparecen en cualquier momento: el siguiente se atiende como si nada"},
    {"two devices at once beside a silent one, each its own file", "dos dispositivos a la vez junto a uno callado, cada uno con su fichero"},
    {"a file of more than 1 MB comes whole", "un fichero de más de 1 MB llega entero"},
    {"it is cut in mid-download, comes back, and asks for the rest", "se le corta la descarga, vuelve y pide el resto"},

    // ---- what is expected, and remarks: of several practices
    {"{} does not print \"{}\" as the exercise does", "{} no imprime \"{}\" como el ejercicio"},
    {"{} on the output of {}", "{} en la salida de {}"},
    {"the client prints the reply", "el cliente imprime la respuesta"},
    {"the client prints the reply {}", "el cliente imprime la respuesta {}"},
    {"the reply", "la respuesta"},
    {"the client's output", "la salida del cliente"},
    {"the output", "la salida"},
    {"the request", "la petición"},
    {"the file", "el fichero"},
    {"the header", "la cabecera"},
    {"the body", "el cuerpo"},
    // ---- p3, api
    {"the server is bound to a port from 20000 to 20100", "el servidor ha hecho bind en un puerto de 20000 a 20100"},
    {"a port that is taken is caught with except, and a message is printed", "el puerto ocupado se captura con except y se imprime un mensaje"},
    {"the message for the taken port is not the handout's", "el mensaje para el puerto ocupado no es el del guion"},
    {"recepción fallida once more, after the echoes", "recepción fallida otra vez, tras los ecos"},
    {"what was typed is printed", "se imprime lo que se tecleó"},
    {"20 seconds of silence before the end", "20 segundos de silencio antes del final"},
    {"5 seconds of silence before the end", "5 segundos de silencio antes del final"},
    {"5 seconds without a message before the end", "5 segundos sin mensajes antes del final"},
    {"the server says why it ends", "el servidor dice por qué termina"},
    {"3 seconds pass before the reply", "pasan 3 segundos antes de la respuesta"},
    {"the client waits its 3 seconds", "el cliente espera sus 3 segundos"},
    {"the client says that no reply came", "el cliente dice que no llegó respuesta"},
    {"the client says that nobody answered", "el cliente dice que nadie ha respondido"},
    {"the server echoes and the scan prints its port, {}", "el servidor hace eco y el escáner imprime su puerto, {}"},
    {"the scan prints the port {}", "el escáner imprime el puerto {}"},
    {"a file with each message on a line of its own, in the order in which they came", "un fichero con cada mensaje en su propia línea, en el orden en que llegaron"},
    {"what comes back is the beginning of the message, and not all of it", "vuelve el principio del mensaje, y no todo"},
    {"768 is what os.system() gives; the exit status in it is os.waitstatus_to_exitcode(768), 3", "768 es lo que devuelve os.system(); el estado de salida que contiene es os.waitstatus_to_exitcode(768), 3"},
    {"the exit status", "el estado de salida"},
    {"the command's file", "el fichero de la orden"},
    {"the image that was received", "la imagen recibida"},
    // ---- p4tcp
    {"{} does not ask with \"Enter message to send : \"", "{} no pregunta con \"Enter message to send : \""},
    {"{} misreads a header that comes in pieces: recv(8) may give fewer than 8 bytes", "{} lee mal una cabecera que llega a trozos: recv(8) puede dar menos de 8 bytes"},
    {"{} prints what it received: {}", "{} imprime lo que recibió: {}"},
    {"the reply is shown", "se muestra la respuesta"},
    {"the connection is closed after the first reply", "la conexión se cierra tras la primera respuesta"},
    {"a silent client has 5 seconds", "un cliente que calla tiene 5 segundos"},
    {"one socket listens", "un socket escucha"},
    {"two sockets of the server are connected", "el servidor tiene dos sockets conectados"},
    {"each client has one connected socket", "cada cliente tiene un socket conectado"},
    {"the client shows {}", "el cliente muestra {}"},
    {"a client without the password hears nothing of what is said", "un cliente sin la contraseña no oye nada de lo que se dice"},
    {"the server closes the connection that was reset", "el servidor cierra la conexión que se cortó (RST)"},
    {"copia.out with the bytes that were sent", "copia.out con los bytes que se enviaron"},
    {"no half file is left; there are: {}", "no queda ningún fichero a medias; hay: {}"},
    {"what the server receives", "lo que recibe el servidor"},
    {"the text has 150,000 bytes", "el texto tiene 150 000 bytes"},
    // ---- p4sip
    {"{} prints the request, the reply, and that it is done", "{} imprime la petición, la respuesta y que ha terminado"},
    {"the output differs from the template's", "la salida difiere de la de la plantilla"},
    {"the output differs from the template's: 'Finalizado servidor'", "la salida difiere de la de la plantilla: 'Finalizado servidor'"},
    {"the reply is not printed", "no se imprime la respuesta"},
    {"the request differs from the handout's in blanks, or in the line ends at its end", "la petición difiere de la del guion en blancos o en los fines de línea del final"},
    {"the reply is more than 'SIP/2.0 200 OK' and an empty line", "la respuesta es más que 'SIP/2.0 200 OK' y una línea vacía"},
    {"a REGISTER without Expires, exercise 7's, gets no 200", "un REGISTER sin Expires, el del ejercicio 7, no recibe 200"},
    {"{} holds no {}", "{} no contiene {}"},
    {"{} still holds luke, who registered with the server before", "{} contiene todavía a luke, que se registró antes en el servidor"},
    {"{} holds the user's address", "{} contiene la dirección del usuario"},
    {"{} holds {}", "{} contiene {}"},
    {"{} is JSON; jq says: {}", "{} es JSON; jq dice: {}"},
    {"{}'s time is up", "el plazo de {} ha vencido"},
    {"{} is gone from {} after his time was up and another user came", "{} ya no está en {} después de vencer su plazo y llegar otro usuario"},
    {"users whose time is up go away at the next request only", "los usuarios caducados no desaparecen hasta la siguiente petición"},
    {"Ctrl+C ends the server with an error", "Ctrl+C termina el servidor con un error"},
    {"the server prints the client's address, 127.0.0.1, and its port", "el servidor imprime la dirección del cliente, 127.0.0.1, y su puerto"},
    {"it prints 'Usage: client.py ip puerto register sip_address expires_value'; it printed:\n{}", "imprime 'Usage: client.py ip puerto register sip_address expires_value'; ha impreso:\n{}"},
    {"the status is 2", "el estado es 2"},
    {"the time in {} is in an hour, in UTC: {}", "la hora en {} es dentro de una hora, en UTC: {}"},
    {"the times in {} are in a form of their own", "las horas en {} tienen un formato propio"},
    {"marty stays for his 5 seconds", "marty permanece sus 5 segundos"},
    // ---- c1
    {"GET / must be answered with 200", "a GET / se responde con 200"},
    {"the id must be a UUID of version 4 (uuid.uuid4()), 36 characters, not \"{}\"", "el id es un UUID de versión 4 (uuid.uuid4()), 36 caracteres, no \"{}\""},
    {"two clients must get two ids", "dos clientes reciben dos ids"},
    {"answers another method with 400, as the report's algorithm; its text says 403", "responde a otro método con 400, como el algoritmo de la memoria; su texto dice 403"},
    {"a method that is not GET must be answered with 403, not {}", "a un método que no es GET se responde con 403, no {}"},
    {"an id that nobody was given must be answered with 404", "a un id que nadie ha recibido se responde con 404"},
    {"part of the file has come", "ha llegado parte del fichero"},
    {"the file must come in pieces with pauses, so that curl can be interrupted", "el fichero llega a trozos y con pausas, para que se pueda interrumpir curl"},
    {"counts bytes as delivered that the client never got: {} are missing between the two parts", "cuenta como entregados bytes que el cliente no recibió: faltan {} entre las dos partes"},
    {"the two parts together", "las dos partes juntas"},
    {"at the end of the file the id is forgotten: asked again, 404", "al final del fichero se olvida el id: pedido otra vez, 404"},
    {"the device has it all: {}, not {}", "el dispositivo lo tiene todo: {}, no {}"},
    {"a method that is not GET: {}, not {}", "un método que no es GET: {}, no {}"},
    {"an id that nobody was given: {}, not {}", "un id que nadie ha recibido: {}, no {}"},
    {"another client asks: {}, not {}", "otro cliente pide el fichero: {}, no {}"},
    {"the first device asks: {}, not {}", "el primer dispositivo pide el fichero: {}, no {}"},
    {"the second device asks: {}, not {}", "el segundo dispositivo pide el fichero: {}, no {}"},
    {"a device asks for a file of 3 MB: {}, not {}", "un dispositivo pide un fichero de 3 MB: {}, no {}"},
    {"Content-Length must be the file's {} bytes, not \"{}\"", "Content-Length debe ser los {} bytes del fichero, no \"{}\""},
    {"the id must be a word, since it stands in a path; it is \"{}\"", "el id debe ser una palabra, porque va en una ruta; es \"{}\""},
    {"two devices must get two ids", "dos dispositivos reciben dos ids"},
    {"the first device asks for the file for the first time: 200, not {}", "el primer dispositivo pide el fichero por primera vez: 200, no {}"},
    {"the second asks for the file for the first time: 200, not {}", "el segundo pide el fichero por primera vez: 200, no {}"},
    {"what the first device got", "lo que recibió el primer dispositivo"},
    {"what the second got", "lo que recibió el segundo"},
    {"what the second device got", "lo que recibió el segundo dispositivo"},
    {"what the first got", "lo que recibió el primero"},
    {"what came before the cut", "lo que llegó antes del corte"},
    {"what the next client gets", "lo que recibe el cliente siguiente"},
    {"the server says that the device has gone", "el servidor dice que el dispositivo se ha ido"},
    {"some of the file comes", "llega algo del fichero"},
    {"all that was sent has come", "ha llegado todo lo que se envió"},
    {"an answer, as long as its Content-Length says", "una respuesta, tan larga como dice su Content-Length"},
    {"it tells how many bytes the client got", "dice cuántos bytes recibió el cliente"},
    {"it prints its port", "imprime su puerto"},
    {"the program's words are known", "se sabe con qué palabras se llamó al programa"},
    {"the id alone does not bring the rest; a Range does", "el id solo no trae el resto; un Range sí"},
    {"{} bytes come twice: the piece in which the connection broke", "{} bytes llegan dos veces: el trozo en el que se cortó la conexión"},
    {"asked again under its id, the device gets the rest: 200, not {}", "si pide otra vez con su id, el dispositivo recibe el resto: 200, no {}"},
    {"who was silent is served when it asks", "el que callaba se atiende cuando pide"},
    {"the file", "el fichero"},
    {"the file's beginning", "el principio del fichero"},
    {"sends with pauses, so that a file of more than 1 MB takes minutes; only its beginning was looked at",
     "envía con pausas, así que un fichero de más de 1 MB tarda minutos; solo se miró el principio"},
    {"the client asks for its id and then for the file, and asks for nothing over and over",
     "el cliente pide su id y luego el fichero, y no pide nada una y otra vez"},
    {"a device that comes back asks under the id that it has, not for another one", "un dispositivo que vuelve pide con el id que tiene, no otro nuevo"},
    {"the file must be asked for under the id that GET / gave: \"{}\", not \"{}\"", "el fichero se pide con el id que dio GET /: \"{}\", no \"{}\""},
    {"CMD= is a server, and this is about the client (CLIENT= names one)", "CMD= es un servidor y esto trata del cliente (CLIENT= indica uno)"},
    {"it must ask for the rest: Range: bytes={}-, not from byte {}", "debe pedir el resto: Range: bytes={}-, no desde el byte {}"},
    {"the file, to a new id", "el fichero, con un id nuevo"},
};

// The Spanish of an entry that this text is, with what varies in it.
std::optional<std::string> filled(std::string_view text, std::string_view en, std::string_view es) {
    std::string result;
    for (;;) {
        const std::size_t mark = en.find("{}");
        if (mark == en.npos) return text == en ? std::optional(result + std::string(es)) : std::nullopt;
        if (!text.starts_with(en.substr(0, mark))) return {};
        text.remove_prefix(mark);
        en.remove_prefix(mark + 2);
        // What varies goes up to the next fixed words, the last of them up to the end.
        const std::string_view next = en.substr(0, en.find("{}"));
        const std::size_t end = next.size() == en.size() ? text.size() - std::min(next.size(), text.size()) : text.find(next);
        if (end == text.npos) return {};
        const std::size_t place = es.find("{}");
        result += std::string(es.substr(0, place)) + std::string(text.substr(0, end));
        es.remove_prefix(place + 2);
        text.remove_prefix(end);
    }
}

} // namespace

std::optional<std::string> spanish_of(const std::string& text) {
    if (text.find(' ') == text.npos) return text; // a file's name
    for (const Entry& entry : entries)
        if (auto words = filled(text, entry.en, entry.es)) return words;
    return {};
}

} // namespace conversation
