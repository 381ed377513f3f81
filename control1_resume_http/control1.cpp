// Control 1, listings 1 to 8: the report's prototype, a server from which an interrupted download can be
// taken up again. It shows HTTP's request and answer as text over a TCP connection, and where the
// progress of a client that moves can be kept: in the server, under an id that it asks for first.
//
//   Run:  cd folder-to-serve; control1 [puerto]    (0, the default: the system chooses; it is printed)
//         curl 127.0.0.1:PUERTO                                    an id
//         curl 127.0.0.1:PUERTO/ID/word.doc -o descarga.parte1     Ctrl+C in the middle
//         curl 127.0.0.1:PUERTO/ID/word.doc -o descarga.parte2     the rest
//
//   Python                                        POSIX
//   socketserver.TCPServer(address, handler)      socket(); bind(); listen()
//   servidor.server_address                       getsockname(servidor, &addr, &size)
//   servidor.serve_forever()                      for (;;) accept(), and the handler
//   self.request.recv(n) / send(data)             recv(request, …) / send(request, …)
//   output.seek(n) / output.read(n)               lseek(output, n, SEEK_SET) / read(output, …)
//   os.path.getsize(archivo)                      fstat(output, &stat); stat.st_size
//   time.sleep(0.05)                              std::this_thread::sleep_for(50ms)
//
// Its lesson stays in: what send() has taken counts as delivered, so a client that loses its network
// misses the bytes that were in flight; and one client at a time. servidor_movil does it right.
// The rest of the listings' faults does not: header lines end in CR LF, the request is read to its
// end, the id is looked at before the file, a name that is no file of the folder is a 404 as well, no
// Accept-Ranges is promised, and a client that vanishes or dawdles does not take the server with it.

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "http_date.hpp"
#include "mimetypes.hpp"
#include "uuid.hpp"

#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <thread>

using namespace std::chrono_literals;

// Listing 1: constants and globals
constexpr std::size_t BUFFER_ENTRADA = 256;
constexpr std::size_t TAMANO_PEDAZOS = 512;
constexpr std::size_t TAMANO_UUID = 36;
const std::map<int, std::string> DICT_RESPUESTAS_HTTP = {
    {200, "HTTP/1.1 200 OK\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
};
std::map<std::string, off_t> dict_cliente_progreso;

// Added: a client may take this long for its request, or to make room for more bytes of its answer;
// the listing would wait for ever, and everybody else with it. And a request has an end.
constexpr time_t PACIENCIA_SEGUNDOS = 10;
constexpr std::size_t MAXIMO_SOLICITUD = 16384;

// Listing 3
std::string genera_cabeceras(int codigo, off_t tamanio_respuesta_bytes,
                             std::string_view content_type = "text/plain") {
    const std::time_t stamp = std::time(nullptr);
    std::string str_headers = DICT_RESPUESTAS_HTTP.at(codigo);
    str_headers += "Date: " + format_date_time(stamp) + "\r\n";
    str_headers += "Server: ~el joServer 'the espinator' v0.1\r\n";
    str_headers += "Last-Modified: " + format_date_time(stamp) + "\r\n";
    str_headers += "Content-Length: " + std::to_string(tamanio_respuesta_bytes) + "\r\n";
    str_headers += "Cache-Control: max-age=0\r\n";
    str_headers += "Expires: " + format_date_time(stamp) + "\r\n";
    str_headers.append("Content-Type: ").append(content_type).append("\r\n");
    str_headers += "\r\n";
    return str_headers;
}

// The listing's single recv(BUFFER_ENTRADA), repeated until the empty line that ends a request. What
// is left unread at close() makes TCP reset the connection, and a reset can cut the answer short.
std::string recibe_solicitud(int request) {
    std::string str_data;
    char data[BUFFER_ENTRADA];
    while (str_data.find("\r\n\r\n") == str_data.npos && str_data.find("\n\n") == str_data.npos &&
           str_data.size() < MAXIMO_SOLICITUD) {
        const ssize_t n = again([&] { return ::recv(request, data, sizeof data, 0); });
        if (check_in_time(n, "recv") == 0) break;
        str_data.append(data, static_cast<std::size_t>(n));
    }
    return str_data;
}

// Whether the client has closed its side. It may still read (half-close); if not, the next send()
// draws a reset, and what was sent since this was first true has reached nobody.
bool se_fue(int request) {
    char c;
    return ::recv(request, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

// Control_uno_handler.handle(), listings 4 to 8
void handle(int request) {
    const std::string str_data = recibe_solicitud(request);

    // Listing 4: any method but GET
    if (!str_data.starts_with("GET /")) {
        const std::string headers = genera_cabeceras(403, 0);
        sendall(request, headers);
        return;
    }
    // Listing 5: no id, so a new client
    if (str_data[5] == ' ') {
        const std::string cliente_id = text_of(uuid4());
        dict_cliente_progreso[cliente_id] = 0;
        const std::string headers = genera_cabeceras(200, TAMANO_UUID);
        sendall(request, headers);
        sendall(request, cliente_id);
        return;
    }
    // Listing 7: /id/archivo
    const std::string ruta = str_data.substr(5, str_data.find_first_of(" \r\n", 5) - 5);
    const std::string cliente_id = ruta.substr(0, ruta.find('/'));
    const std::string archivo =
        ruta.size() > cliente_id.size() ? ruta.substr(cliente_id.size() + 1) : "";

    // Listing 6: an id that nobody was given
    if (!dict_cliente_progreso.contains(cliente_id)) {
        const std::string headers = genera_cabeceras(404, 0);
        sendall(request, headers);
        return;
    }
    // Only a regular file of this very folder: no other folder, no link, no device
    struct stat archivo_stat {};
    const Descriptor output(
        archivo.find('/') != archivo.npos
            ? -1
            : ::open(archivo.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (output == -1 || ::fstat(output, &archivo_stat) == -1 || !S_ISREG(archivo_stat.st_mode)) {
        const std::string headers = genera_cabeceras(404, 0);
        sendall(request, headers);
        return;
    }
    const std::string_view tipo_contenido = guess_type(archivo);
    const off_t total = archivo_stat.st_size;

    // Listing 8: the rest of the file, in pieces
    const off_t progreso = std::min(dict_cliente_progreso[cliente_id], total);
    off_t total_enviado = progreso;
    std::optional<off_t> al_irse;
    check(::lseek(output, progreso, SEEK_SET), "lseek");
    const std::string str_headers = genera_cabeceras(200, total - progreso, tipo_contenido);
    sendall(request, str_headers);
    while (true) {
        char data[TAMANO_PEDAZOS];
        const std::size_t falta = static_cast<std::size_t>(total - total_enviado);
        const ssize_t n = check(::read(output, data, std::min(sizeof data, falta)), "read");
        if (n == 0) {
            if (total_enviado == total) dict_cliente_progreso.erase(cliente_id);
            return;
        }
        if (!al_irse && se_fue(request)) al_irse = total_enviado;
        try {
            sendall(request, {data, static_cast<std::size_t>(n)});
        } catch (const SocketError&) {
            if (al_irse) dict_cliente_progreso[cliente_id] = *al_irse;
            std::cout << "El cliente " << cliente_id << " alcanzó a descargar "
                      << dict_cliente_progreso[cliente_id] << " bytes\n";
            return;
        }
        total_enviado += n;
        dict_cliente_progreso[cliente_id] = total_enviado;
        std::cout << total_enviado << " de " << total << " bytes enviados\r" << std::flush;
        std::this_thread::sleep_for(50ms);
    }
}

// What socketserver does around the handler: its exception is told and the next client is served; the
// end is announced (FIN), then the socket closed, once what the client still had to say is read.
void process_request(int request) {
    timeval paciencia{.tv_sec = PACIENCIA_SEGUNDOS, .tv_usec = 0};
    check(::setsockopt(request, SOL_SOCKET, SO_RCVTIMEO, &paciencia, sizeof paciencia), "setsockopt");
    check(::setsockopt(request, SOL_SOCKET, SO_SNDTIMEO, &paciencia, sizeof paciencia), "setsockopt");
    try {
        handle(request);
    } catch (const std::exception& error) {
        warn(error.what());
    }
    ::shutdown(request, SHUT_WR);
    paciencia.tv_sec = 1;
    check(::setsockopt(request, SOL_SOCKET, SO_RCVTIMEO, &paciencia, sizeof paciencia), "setsockopt");
    char data[BUFFER_ENTRADA];
    for (std::size_t resto = 0; resto < MAXIMO_SOLICITUD;) {
        const ssize_t n = again([&] { return ::recv(request, data, sizeof data, 0); });
        if (n <= 0) break;
        resto += static_cast<std::size_t>(n);
    }
}

// except KeyboardInterrupt: pass. Ctrl+C is how this server ends; the system closes its sockets.
extern "C" void keyboard_interrupt(int) { _exit(0); }

// Listing 2
int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto]");
    const sockaddr_in address = ::address("localhost", argc > 1 ? server_port_argument(argv[1]) : 0);
    const Descriptor servidor(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int on = 1; // so that it can be started again at once on the same port
    check(::setsockopt(servidor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    check(::bind(servidor, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    check(::listen(servidor, 5), "listen");
    const sockaddr_in server_address = getsockname(servidor);
    std::cout << "Servidor funcionando en " << text_of(server_address) << '\n';
    std::signal(SIGINT, keyboard_interrupt);
    while (true) { // serve_forever()
        const Descriptor request(::accept(servidor, nullptr, nullptr));
        if (request == -1) {
            // The client has gone again, or a signal came (EINTR, as after Ctrl+Z and fg)
            if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
            throw SocketError(errno, "accept");
        }
        process_request(request);
    }
}
