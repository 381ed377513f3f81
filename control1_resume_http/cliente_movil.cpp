// Control 1, requirement 2: the moving client. The report wrote none (curl and cat stood in).
//
// Asks for a file, receives part of it, loses the connection, connects again and receives the rest,
// until the whole file is there. What it has is on disk, byte for byte as it was received, and it
// says so to the server (Range: bytes=N-): nobody needs to guess what was in flight.
//
//     cliente_movil http://127.0.0.1:52285/word.doc [-o copia.doc] [-t 5] [-n 20]
//
// -o  the file; it is copia.doc.part until it is complete, so a client that is killed and run again
//     carries on; copia.doc.part.info holds the URL, the file's version and this device's id
// -t  seconds without a byte after which the path is taken for dead: a phone that has changed
//     network still has the old connection, and nobody will ever send a FIN through it
// -n  connections in a row that bring nothing, after which it gives up
//
// Python                      POSIX
// s.settimeout(5); connect    fcntl(O_NONBLOCK), connect() = EINPROGRESS, poll(), SO_ERROR
// s.settimeout(5); recv       setsockopt(SO_RCVTIMEO), recv() = EAGAIN
// os.replace(a, b)            rename(a, b)
#include "respuesta_http.hpp"
#include "uuid.hpp"

#include "address.hpp"
#include "descriptor.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t BUFFER_ENTRADA = 64 * 1024; // bytes of one recv()
constexpr std::size_t MAX_CABECERAS = 64 * 1024;  // bytes of a response's head

struct Opciones {
    Url url;                // without the id
    std::string cliente_id; // where the URL begins with one, as curl needs it
    std::string archivo;    // -o
    double segundos = 5;    // -t
    long intentos = 20;     // -n
};

// The connection is lost, or never was; another one may do better.
class Cortada : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};
// The answer is to an id that the server has forgotten, or that it has sent some of the file already.
class Otro_id : public HttpError {
public:
    using HttpError::HttpError;
};

// A call on a file: unlike one on a socket, trying again doesn't help.
template <class Result>
Result disco(Result result, const std::string& archivo) {
    if (result == -1) throw std::system_error(errno, std::generic_category(), archivo);
    return result;
}

// --- what is on disk

// The file while it is incomplete. Throws std::system_error for whatever the disk refuses.
class Parcial {
public:
    // Takes up what an earlier run left, if it was of the same URL.
    Parcial(std::string archivo, std::string url) : archivo_(std::move(archivo)), url_(std::move(url)) {
        struct stat status {
        }, named{};
        do { // until it has the lock of what bears the name: another one may just have completed it
            fd_ = Descriptor(disco(::open(part().c_str(), O_RDWR | O_CREAT, 0666), part()));
            if (lockf(fd_, F_TLOCK, 0) == -1)
                throw std::runtime_error(part() + " is being downloaded by another cliente_movil");
            disco(::fstat(fd_, &status), part());
        } while (::stat(part().c_str(), &named) == -1 || named.st_ino != status.st_ino ||
                 named.st_dev != status.st_dev);
        progreso_ = static_cast<std::uint64_t>(status.st_size);
        std::ifstream info(part() + ".info");
        std::string old_url;
        std::getline(info, old_url) && std::getline(info, version_) && std::getline(info, cliente_id);
        if (old_url != url_) version_.clear(), cliente_id.clear();
        if (version_.empty()) trunca(); // bytes of who knows what
        disco(::lseek(fd_, 0, SEEK_END), part());
    }

    std::uint64_t progreso() const { return progreso_; }    // bytes received, all on disk
    const std::string& version() const { return version_; } // of which version of the file

    void anade(std::string_view data) {
        while (!data.empty()) {
            const ssize_t n =
                disco(again([&] { return ::write(fd_, data.data(), data.size()); }), part());
            data.remove_prefix(static_cast<std::size_t>(n));
            progreso_ += static_cast<std::uint64_t>(n);
        }
    }

    // Nothing of it, from now on of this version. In this order: a kill in between leaves an empty
    // .part, never bytes of one version under another's name.
    void empieza(const std::string& version) {
        trunca();
        version_ = version;
        apunta();
    }

    // The note that a later run finds; whole or not at all.
    void apunta() const {
        std::ofstream info(part() + ".info.new");
        info << url_ << '\n' << version_ << '\n' << cliente_id << '\n';
        info.close();
        if (!info) {
            const int error = errno;
            ::unlink((part() + ".info.new").c_str());
            throw std::system_error(error, std::generic_category(), part() + ".info");
        }
        disco(::rename((part() + ".info.new").c_str(), (part() + ".info").c_str()), part() + ".info");
    }

    void completo() {
        // On the disk before it has its name: else a power cut may leave that name and nothing in it
        disco(::fsync(fd_), part());
        disco(::rename(part().c_str(), archivo_.c_str()), archivo_);
        ::unlink((part() + ".info").c_str());
    }

    // Leaves nothing behind where nothing was received.
    void abandona() {
        if (progreso_ > 0) return;
        ::unlink(part().c_str());
        ::unlink((part() + ".info").c_str());
    }

    std::string cliente_id;      // this device's, given by the server; "" if none
    bool fuera_de_rango = false; // it has started over because the server had nothing at this byte

private:
    std::string part() const { return archivo_ + ".part"; }
    void trunca() {
        disco(::ftruncate(fd_, 0), part());
        disco(::lseek(fd_, 0, SEEK_SET), part());
        progreso_ = 0;
    }

    std::string archivo_, url_, version_;
    Descriptor fd_;
    std::uint64_t progreso_ = 0;
};

// --- the screen

// One line over itself, as control1's; only on a terminal.
class Barra {
public:
    void muestra(std::uint64_t progreso, std::optional<std::uint64_t> total) {
        if (!en_terminal_) return;
        const auto now = Clock::now();
        if (now - shown_ < std::chrono::milliseconds(100) && progreso != total) return;
        if (shown_ == Clock::time_point()) first_ = now, first_progreso_ = progreso;
        shown_ = now;
        const double seconds = std::chrono::duration<double>(now - first_).count();
        const double rate =
            seconds > 0 && progreso > first_progreso_ ? double(progreso - first_progreso_) / seconds : 0;
        std::string before = std::to_string(progreso), after;
        if (total) before += " de " + std::to_string(*total);
        before += " bytes recibidos";
        const double part = total && *total > 0 ? double(progreso) / double(*total) : 0;
        if (total && *total > 0) after = ' ' + std::to_string(int(part * 100)) + " %";
        if (rate > 0) {
            after += ", " + std::to_string(std::lround(rate / 1000)) + " kB/s";
            if (total)
                after +=
                    ", quedan " + std::to_string(std::lround(double(*total - progreso) / rate)) + " s";
        }
        // A line that is wider than the terminal would go on in the next one, and not over itself
        const std::size_t room = columnas() - 1, text = before.size() + after.size() + 3; // " [", "]"
        if (total && *total > 0 && room > text) {
            const std::size_t width = std::min<std::size_t>(20, room - text);
            const auto full = std::size_t(part * double(width));
            before += " [" + std::string(full, '=') + std::string(width - full, ' ') + ']';
        }
        std::cout << '\r' << (before + after).substr(0, room);
        std::cout << "\033[K" << std::flush; // the rest of a longer line before
        abierta_ = true;
    }

    // A line of its own; the bar stays above it. The rate starts anew.
    void dice(const std::string& line) {
        if (abierta_) std::cout << '\n';
        abierta_ = false;
        shown_ = {};
        std::cout << line << '\n' << std::flush;
    }

private:
    static std::size_t columnas() {
        winsize size{};
        const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
        return known ? size.ws_col : 80;
    }

    const bool en_terminal_ = ::isatty(STDOUT_FILENO) == 1;
    bool abierta_ = false;
    Clock::time_point first_, shown_;
    std::uint64_t first_progreso_ = 0;
};

// --- the network

timeval tiempo(double segundos) {
    timeval time{};
    time.tv_sec = static_cast<time_t>(segundos);
    time.tv_usec = static_cast<suseconds_t>((segundos - std::floor(segundos)) * 1e6);
    return time;
}

// A connection on which nothing waits for longer than that. Throws SocketError, Cortada.
Descriptor conecta(const Url& url, double segundos) {
    sockaddr_in addr{};
    try {
        addr = address(url.host, url.port);
    } catch (const std::runtime_error& error) {
        throw Cortada(error.what()); // a device without a network has no name service either
    }
    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    // connect() has a deadline of its own everywhere, of minutes; SO_SNDTIMEO counts on Linux only.
    const int flags = check(::fcntl(s, F_GETFL), "fcntl");
    check(::fcntl(s, F_SETFL, flags | O_NONBLOCK), "fcntl");
    if (::connect(s, reinterpret_cast<sockaddr*>(&addr), sizeof addr) == -1) {
        if (errno != EINPROGRESS) throw SocketError(errno, "connect");
        pollfd waiting{s, POLLOUT, 0};
        const auto limit = Clock::now() + std::chrono::duration<double>(segundos);
        const int ready = again([&] {
            const double left = std::chrono::duration<double>(limit - Clock::now()).count();
            return ::poll(&waiting, 1, static_cast<int>(std::max(0.0, std::ceil(left * 1000))));
        });
        if (check(ready, "poll") == 0) throw Timeout("connect");
        int error = 0;
        socklen_t size = sizeof error;
        check(::getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt");
        if (error != 0) throw SocketError(error, "connect");
    }
    check(::fcntl(s, F_SETFL, flags), "fcntl");
    const timeval time = tiempo(segundos);
    check(::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), "setsockopt");
    check(::setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), "setsockopt");
    return s;
}

// The stream's next bytes, in `buffer`; none at its end. Throws Timeout, SocketError.
std::string_view recibe(int s, std::array<char, BUFFER_ENTRADA>& buffer) {
    const ssize_t n = again([&] { return ::recv(s, buffer.data(), buffer.size(), 0); });
    return {buffer.data(), static_cast<std::size_t>(check_in_time(n, "recv"))};
}

// The head of the response. `rest`: what came behind it. Throws Cortada, HttpError, SocketError.
Answer recibe_cabeceras(int s, std::string& rest) {
    std::array<char, BUFFER_ENTRADA> buffer;
    std::string data;
    for (;;) {
        // The empty line, in either form, without looking twice at what was looked at.
        std::size_t end = data.find("\r\n\r\n"), size = 4;
        if (const std::size_t bare = data.find("\n\n"); bare < end) end = bare, size = 2;
        if (end == data.npos) {
            if (data.size() > MAX_CABECERAS) throw HttpError("the head of the response never ends");
            const std::string_view more = recibe(s, buffer);
            if (more.empty()) throw Cortada("el servidor cerró sin responder");
            data += more;
            continue;
        }
        const Answer answer = parse_answer(std::string_view(data).substr(0, end + size));
        data.erase(0, end + size);
        if (answer.status >= 200) {
            rest = std::move(data);
            return answer;
        } // 1xx: the answer itself follows
    }
}

// Calls sink with the body, piece by piece. False where the stream ends before the body does.
// Throws HttpError, SocketError (what came before it was given to sink).
template <class Sink>
bool recibe_cuerpo(int s, const Answer& answer, std::string_view data, Sink sink) {
    std::array<char, BUFFER_ENTRADA> buffer;
    Chunked chunked;
    const bool in_chunks = answer.chunked();
    const std::optional<std::uint64_t> length = answer.content_length();
    std::uint64_t have = 0;
    for (;;) {
        if (in_chunks) {
            chunked.feed(data, sink);
            if (chunked.finished()) return true;
        } else {
            if (length && data.size() > *length - have)
                data = data.substr(0, static_cast<std::size_t>(*length - have));
            have += data.size();
            if (!data.empty()) sink(data);
            if (length && have == *length) return true;
        }
        data = recibe(s, buffer);
        if (data.empty()) return !in_chunks && !length; // without a size the end of stream is the end
    }
}

std::string peticion(const Url& url, const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: " + url.authority() +
           "\r\nUser-Agent: cliente_movil\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
}

// Whether asking again later is what this status asks for.
bool pasajero(int status) {
    return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

// The requirement's function: the name of this device, which the server gives out (GET /); "" where
// it is a server without ids, whatever its GET / shows. Throws Cortada, HttpError, SocketError.
std::string UniqID(const Opciones& opciones) {
    const Descriptor s = conecta(opciones.url, opciones.segundos);
    sendall(s, peticion(opciones.url, "/") + "\r\n");
    std::string rest;
    const Answer answer = recibe_cabeceras(s, rest);
    if (pasajero(answer.status)) throw Cortada(answer.status_line);
    if (answer.status != 200 || answer.content_length() != uuid_text_size) return "";
    std::string cliente_id;
    if (!recibe_cuerpo(s, answer, rest, [&](std::string_view data) { cliente_id += data; }))
        throw Cortada("el servidor cerró a mitad del identificador");
    return uuid_of(cliente_id) ? cliente_id : "";
}

// What an answer is good for.
enum class Sigue { cuerpo, de_nuevo, nada }; // take its body; ask again, for all of it; it is complete

// Reads the answer's head and says so; whatever starts over is emptied here. recien: nothing was asked
// for with this id before. Throws Cortada (try again), Otro_id (with another id), HttpError (final).
Sigue atiende(const Answer& answer, Parcial& parcial, Barra& barra, bool recien) {
    const std::uint64_t progreso = parcial.progreso();
    const auto range = parse_content_range(answer.header("content-range"));
    const std::string version = answer.validator();
    const bool otra_version = !version.empty() && version != parcial.version();
    const bool con_id_usado = !parcial.cliente_id.empty() && !recien;
    const std::string cambio = "El archivo cambió en el servidor: se empieza de nuevo";

    if (pasajero(answer.status)) throw Cortada(answer.status_line);
    switch (answer.status) {
    case 206:
        if (!range || range->first != progreso) break;
        if (progreso == 0) {
            parcial.empieza(version);
        } else if (otra_version) { // a server that doesn't know If-Range
            barra.dice(cambio);
            parcial.empieza("");
            return Sigue::de_nuevo;
        } else { // this version, or an answer that leaves it out, as one to an If-Range may
            barra.dice("Se retoma en el byte " + std::to_string(progreso));
        }
        return Sigue::cuerpo;
    case 200:
        // The Range was not seen: a proxy took it away, or it is the report's server. Then this may be
        // what the server believes to be missing, and only to a new id it is surely the whole file.
        if (con_id_usado) throw Otro_id("el servidor no atendió al Range");
        if (progreso > 0)
            barra.dice(otra_version ? cambio : "El servidor no sabe retomar: se empieza de nuevo");
        parcial.empieza(version);
        return Sigue::cuerpo;
    case 416:
        // An empty file, or one of which only the rename was missing
        if (range && range->total == progreso && (progreso == 0 || !otra_version)) return Sigue::nada;
        // A server that never says how long the file is says so behind its end, too: not for ever
        if (progreso == 0 || std::exchange(parcial.fuera_de_rango, true)) break;
        barra.dice(cambio);
        parcial.empieza("");
        return Sigue::de_nuevo;
    case 404:
        if (con_id_usado) throw Otro_id(answer.status_line);
        break;
    default:
        break;
    }
    std::string text = answer.status_line;
    for (const char* name : {"location", "content-range"})
        if (const std::string value = answer.header(name); !value.empty())
            text += ", " + std::string(name) + ": " + value;
    throw HttpError(text);
}

// One connection: asks for what is missing and takes what comes. True when the file is complete.
// Throws SocketError (try again), and what atiende() throws.
bool descarga(const Opciones& opciones, Parcial& parcial, Barra& barra, bool recien) {
    if (parcial.progreso() > 0 && parcial.version().empty()) {
        barra.dice("El servidor no dice qué versión del archivo entrega: se empieza de nuevo");
        parcial.empieza("");
    }
    const std::string target =
        (parcial.cliente_id.empty() ? "" : '/' + parcial.cliente_id) + opciones.url.target;
    std::string request = peticion(opciones.url, target);
    // Always, from the first byte on: what this client has is its own affair, so that any server
    // with the file can go on where another stopped. If-Range: unless it isn't that file any more.
    request += "Range: bytes=" + std::to_string(parcial.progreso()) + "-\r\n";
    if (!parcial.version().empty()) request += "If-Range: " + parcial.version() + "\r\n";

    const Descriptor s = conecta(opciones.url, opciones.segundos);
    sendall(s, request + "\r\n");
    std::string rest;
    const Answer answer = recibe_cabeceras(s, rest);
    const Sigue sigue = atiende(answer, parcial, barra, recien);
    if (sigue == Sigue::nada) return true;
    if (sigue == Sigue::de_nuevo) return descarga(opciones, parcial, barra, false);

    const std::optional<std::uint64_t> total =
        answer.status == 206 ? parse_content_range(answer.header("content-range"))->total
                             : answer.content_length();
    const bool all = recibe_cuerpo(s, answer, rest, [&](std::string_view data) {
        if (total && data.size() > *total - parcial.progreso())
            throw HttpError("the server sends more than it told");
        parcial.anade(data);
        barra.muestra(parcial.progreso(), total);
    });
    if (total) return parcial.progreso() == *total;
    return all && answer.status == 200;
}

Opciones lee_argumentos(int argc, char* argv[]) {
    const std::string words = "URL [-o archivo] [-t segundos] [-n intentos]";
    usage(argc, 1, 7, words);
    Opciones opciones;
    std::string url;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool option = word == "-o" || word == "-t" || word == "-n";
        if ((option && i + 1 == argc) || (!option && (!url.empty() || word.empty() || word[0] == '-')))
            usage(argc, 0, -1, words);
        if (word == "-o")
            opciones.archivo = argv[++i];
        else if (word == "-t")
            opciones.segundos = seconds_argument(argv[++i]);
        else if (word == "-n")
            opciones.intentos = number_argument(argv[++i], "-n", 1, 1'000'000'000);
        else
            url = word;
    }
    if (url.empty()) usage(argc, 0, -1, words);
    if (opciones.segundos < 0.001) throw UsageError("cliente_movil: -t must be above 0");
    opciones.url = parse_url(url);
    std::string& target = opciones.url.target;
    if (target.size() > uuid_text_size + 1 && target[uuid_text_size + 1] == '/' &&
        uuid_of(target.substr(1, uuid_text_size))) {
        opciones.cliente_id = target.substr(1, uuid_text_size);
        target.erase(0, uuid_text_size + 1);
    }
    if (opciones.archivo.empty()) opciones.archivo = opciones.url.name;
    if (opciones.archivo.empty() || opciones.archivo == "." || opciones.archivo == ".." ||
        opciones.archivo.find('\0') != std::string::npos ||
        (opciones.archivo == opciones.url.name && opciones.archivo.find('/') != std::string::npos))
        throw UsageError("cliente_movil: " + url + " names no file; say one with -o");
    struct stat status {};
    if (opciones.archivo.ends_with('/') ||
        (::stat(opciones.archivo.c_str(), &status) == 0 && !S_ISREG(status.st_mode)))
        throw UsageError("cliente_movil: " + opciones.archivo + " is not a regular file");
    return opciones;
}

// Connection after connection until the file is complete; says how many it took.
long descarga_todo(const Opciones& opciones, Parcial& parcial, Barra& barra) {
    if (!opciones.cliente_id.empty()) parcial.cliente_id = opciones.cliente_id;
    bool con_identificadores = true;  // until the server turns out to be one without
    bool recien = false;              // the id is new: no server can have forgotten it
    long conexiones = 0, en_vano = 0; // en_vano: in a row, without a new byte
    for (;;) {
        const std::uint64_t progreso = parcial.progreso();
        std::string motivo = "el servidor cerró la conexión";
        try {
            if (con_identificadores && parcial.cliente_id.empty()) {
                parcial.cliente_id = UniqID(opciones);
                con_identificadores = recien = !parcial.cliente_id.empty();
                if (recien) barra.dice("Identificador: " + parcial.cliente_id);
                parcial.apunta();
            }
            ++conexiones;
            if (descarga(opciones, parcial, barra, std::exchange(recien, false))) return conexiones;
        } catch (const Otro_id& respuesta) {
            parcial.cliente_id.clear();
            motivo = std::string(respuesta.what()) + ", se pide otro identificador";
        } catch (const Cortada& cortada) {
            motivo = cortada.what();
        } catch (const SocketError& error) {
            motivo = error.what();
        }
        en_vano = parcial.progreso() > progreso ? 0 : en_vano + 1;
        if (en_vano == opciones.intentos)
            throw Cortada("gave up after " + std::to_string(en_vano) + " attempts: " + motivo);
        // At once after a connection that brought something; then 0.1 s, 0.2 s, 0.4 s… up to 8 s.
        const double pausa =
            en_vano == 0 ? 0 : std::min(8.0, 0.1 * std::pow(2, double(std::min(en_vano, 10L) - 1)));
        barra.dice("Se cortó con " + std::to_string(parcial.progreso()) + " bytes recibidos: " + motivo);
        std::this_thread::sleep_for(std::chrono::duration<double>(pausa));
    }
}

} // namespace

int main(int argc, char* argv[]) {
    const Opciones opciones = lee_argumentos(argc, argv);
    Parcial parcial(opciones.archivo, opciones.url.authority() + opciones.url.target);
    Barra barra;
    try {
        const long conexiones = descarga_todo(opciones, parcial, barra);
        parcial.completo();
        barra.dice(opciones.archivo + ": " + std::to_string(parcial.progreso()) + " bytes en " +
                   std::to_string(conexiones) + (conexiones == 1 ? " conexión" : " conexiones"));
    } catch (...) {
        parcial.abandona();
        throw;
    }
}
