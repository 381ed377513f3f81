// The checker itself, held to account: `make check` on programs that are right in another language,
// wrong by one line of a peer of ours, or harmful.
#include "checker.hpp"

#include <cstdlib>
#include <regex>

using namespace conversation;
namespace fs = std::filesystem;

namespace {

// An echo server for p3.1, with places for a fault.
std::string echo_server(const std::string& before_loop, const std::string& in_loop) {
    return "import os, socket, sys, time\n"
           "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
           "s.bind(('', 44444))\n" + before_loop + "\n"
           "while True:\n"
           "    data, addr = s.recvfrom(1024)\n"
           "    if data.strip() == b'.':\n"
           "        break\n"
           "    " + in_loop + "\n"
           "    print('Message[%s:%d] - %s' % (addr[0], addr[1], data.strip().decode('utf-8', 'surrogateescape')))\n"
           "s.close()\n";
}

} // namespace

CONVERSATION("checker", "runner", "a right server in Python passes", "ours") {
    talk.writes("bien.py", echo_server("", "s.sendto(data, addr)"));
    must_say(talk, checked(talk, {"servidor_eco_v1"}, "CMD", "python3 bien.py", 0), {" 0 failed"});
}

CONVERSATION("checker", "runner", "a right server in Perl passes", "ours") {
    talk.needs("perl");
    talk.writes("bien.pl", "use Socket; $| = 1;\n"
                           "socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(44444, INADDR_ANY)) or die;\n"
                           "while (1) {\n"
                           "  my $from = recv(S, my $data, 1024, 0);\n"
                           "  my ($port, $ip) = sockaddr_in($from);\n"
                           "  (my $text = $data) =~ s/^\\s+|\\s+$//g;\n"
                           "  last if $text eq '.';\n"
                           "  send(S, $data, 0, $from);\n"
                           "  print 'Message[' . inet_ntoa($ip) . \":$port] - $text\\n\";\n"
                           "}\n");
    must_say(talk, checked(talk, {"servidor_eco_v1"}, "CMD", "perl bien.pl", 0), {" 0 failed"});
}

CONVERSATION("checker", "runner", "wrong servers: each fails with the hint that fits", "ours") {
    struct {
        const char *before, *in_loop, *hint;
    } const faults[] = {
        {"", "s.sendto(data[:-1], addr)", "differs from here|ends here"},
        {"", "s.sendto(data, addr); s.sendto(data, addr)", "The reply comes twice"},
        {"", "s.sendto(data + b'\\n', addr)", "bytes too many"},
        {"", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(data, addr)", "leave from the socket that received"},
        {"", "s.sendto(data, ('127.0.0.1', 44445))", "address that recvfrom() gives|address that recvfrom() gave"},
        {"", "pass", "no reply comes back"},
        {"last = addr = None", "s.sendto(data, addr[2])", "IndexError"},
        {"s.close(); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 5555))", "s.sendto(data, addr)",
         "only on 5555"},
        {"print('hola'", "pass", "Python cannot read the file"},
        {"print 'hola'", "pass", "This is Python 2"},
    };
    int number = 0;
    for (const auto& fault : faults) {
        const std::string file = "mal" + std::to_string(++number) + ".py";
        talk.writes(file, echo_server(fault.before, fault.in_loop));
        must_say(talk, checked(talk, {"servidor_eco_v1"}, "CMD", "python3 " + file, 1), {fault.hint});
    }
}

CONVERSATION("checker", "runner", "what is no UTF-8 is shown in escapes, and the mark is under the character that differs", "ours") {
    talk.expect_equal("text", shown("¡Hola, \"año\"!\r\n"), R"("¡Hola, \"año\"!\r\n")");
    talk.expect_equal("bytes", shown("\x89PNG\xff\xc3"), R"("\x89PNG\xff\xc3")");
    talk.expect_equal("an escape of the terminal in C1, and a byte too many in UTF-8", shown("\xc2\x9b \xc0\xaf"), R"("\xc2\x9b \xc0\xaf")");
    talk.expect_equal("a character that the cut would divide", shown("año", 2), R"("añ"…)");
    talk.expect_equal("a line of output", harmless("ñ\xfe\x1b[2J", 99), R"(ñ\xfe\x1b[2J)");
    const std::string text = difference("¿qué?", "¿què?");
    must_say(talk, text, {"\n                    ^ differs from here, byte 5\n"});
}

// What the checker says itself: without what it shows of commands, bytes, and the programs' output.
static std::string own_words(const std::string& said) {
    static const std::regex quoted("\"[^\"]*\"");
    std::istringstream lines(said);
    std::string words;
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("        ") && line.find(" $ ") == line.npos && line.find(" a mano: ") == line.npos)
            words += std::regex_replace(line, quoted, "\"\"") + '\n';
    return words;
}

CONVERSATION("checker", "runner", "a failure's whole report in Spanish", "ours") {
    const struct {
        const char *exercise, *command, *says;
    } faults[] = {
        {"servidor_eco_v1", "python3 eco.py 'data.upper()'", "difiere desde aquí, byte 0"},
        {"servidor_eco_v1", "python3 eco.py 'os._exit(3)'", "servidor_eco_v1: terminó con estado 3"},
        {"servidor_eco_v1", "python3 eco.py 'time.sleep(60)'", "ana debe recibir 4 bytes  \"hola\" y no ha llegado nada"},
        {"servidor_eco_v1", "python3 nohay.py", "pero terminó con estado 2"},
        {"servidor_eco_v1", "python3 client.py", "CMD= es un cliente"},
        {"servidor_aleatorio", "python3 eco.py data", "debe ocurrir: el servidor ha hecho bind"},
        {"servidor_eco_tcp_v2", "python3 v1.py turns", "observación: servidor_eco_tcp_v2 no imprime"},
        {"cliente_eco_tcp_v1", "true", "un cliente debe conectarse al puerto 5000 y no lo hace ninguno"},
        {"udp_echo_client_1_5_1", "true", "debe cumplirse: el cliente dice que nadie ha respondido"},
    };
    talk.writes("eco.py", "import sys\n" + echo_server("", "s.sendto(eval(sys.argv[1]), addr)"));
    talk.writes("client.py", "");
    fs::copy_file(repository() / "test/peers/tcp_eco_v1.py", talk.folder() / "v1.py");
    for (const auto& fault : faults) {
        const int status = fault.command == std::string("python3 client.py") ? 0 : 1; // skipped
        const std::string said = checked(talk, {fault.exercise}, "CMD", fault.command, status, "es");
        must_say(talk, said, {fault.says});
        const std::string words = own_words(said);
        for (const char* english : {" must ", " expected ", " came ", " received", " the ", " and ", " runs", " ended", " passed", " is ", " of "})
            talk.expect(words.find(english) == words.npos, "no '" + std::string(english) + "' in Spanish:\n" + said);
    }
}

CONVERSATION("checker", "runner", "a client that waits for ever, and clients that use arguments they were not given", "ours") {
    const std::string listing = "python3 " + (repository() / "test/peers/udp_api.py").string() + " client";
    must_say(talk, checked(talk, {"udp_echo_client_1_5_1"}, "CMD", listing, 1), {"give the socket a time limit (settimeout()), or connect()"});
    talk.writes("uno.py", "import sys\nhost = sys.argv[1]\n");
    talk.writes("dos.py", "import sys\nname, host, port = sys.argv\n");
    for (const auto& [file, exception] : {std::pair{"uno.py", "IndexError"}, {"dos.py", "ValueError"}})
        must_say(talk, checked(talk, {"udp_echo_client"}, "CMD", std::string("python3 ") + file, 1), {exception, "that it was not given"});
}

// The texts that hold for our own programs are looked for while these are checked ("our own programs pass…").
CONVERSATION("checker", "runner", "what a student is shown has its Spanish: titles, remarks", "ours") {
    for (const Conversation& one : all())
        if (std::string(one.tags).find("ours") == std::string::npos)
            talk.expect(spanish_of(one.title).has_value(), std::string("test/spanish.cpp has the title: ") + one.title);
    static const std::regex remark("remark\\(\"([^\"\\\\]*)\"\\)");
    for (const auto& file : fs::directory_iterator(repository() / "test" / "conversations")) {
        std::ifstream stream(file.path());
        const std::string source{std::istreambuf_iterator<char>(stream), {}};
        for (std::sregex_iterator found(source.begin(), source.end(), remark), end; found != end; ++found)
            talk.expect(spanish_of((*found)[1]).has_value(), "test/spanish.cpp has the remark: " + (*found)[1].str());
    }
}

// Each ends in time, with words that fit, whatever it forked ends with it, and the next is not disturbed.
static void is_harmless(Talk& talk, const std::string& file, const std::string& program, const std::string& says) {
    talk.writes(file, program);
    talk.writes("bien.py", echo_server("", "s.sendto(data, addr)"));
    must_say(talk, checked(talk, {"p3.1"}, "CMD", "python3 " + file, 1), {says});
    const int found = std::system(("pgrep -f '[h]" + file.substr(1) + "' >/dev/null").c_str());
    talk.expect(WIFEXITED(found) && WEXITSTATUS(found) == 1, "nothing of " + file + " still runs");
    must_say(talk, checked(talk, {"servidor_eco_v1"}, "CMD", "python3 bien.py", 0), {" 0 failed"});
}

CONVERSATION("checker", "runner", "a server that hangs", "ours") {
    is_harmless(talk, "harm_hangs.py", echo_server("while True: pass", "pass"), "no reply comes back");
}
CONVERSATION("checker", "runner", "a server that crashes", "ours") {
    is_harmless(talk, "harm_crashes.py", echo_server("os.abort()", "pass"), "ended by itself");
}
CONVERSATION("checker", "runner", "a server that prints for ever", "ours") {
    is_harmless(talk, "harm_prints.py", echo_server("b = b'x' * 999 + b'\\n'\nwhile True: os.write(1, b)", "pass"),
                "prints without end");
}
CONVERSATION("checker", "runner", "a server that forks, and whose children stay", "ours") {
    is_harmless(talk, "harm_forks.py", echo_server("for i in range(40):\n    if os.fork() == 0: os.setsid(); time.sleep(600)", "pass"),
                "no reply comes back");
}
CONVERSATION("checker", "runner", "a server that forks without end", "ours") {
    is_harmless(talk, "harm_bomb.py",
                echo_server("while True:\n    try: os.fork()\n    except OSError: pass", "pass"), "processes or threads without end");
}
CONVERSATION("checker", "runner", "a server that starts threads without end", "ours") {
    is_harmless(talk, "harm_threads.py",
                echo_server("import threading\nwhile True: threading.Thread(target=time.sleep, args=(600,)).start()", "pass"),
                "processes or threads without end");
}
CONVERSATION("checker", "runner", "a server that ignores SIGTERM", "ours") {
    is_harmless(talk, "harm_ignores.py",
                echo_server("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)", "time.sleep(600)"), "no reply comes back");
}
CONVERSATION("checker", "runner", "a server that fills the disk", "ours") {
    is_harmless(talk, "harm_fills.py", echo_server("f = open('lleno', 'wb')\nwhile True: f.write(b'x' * (1 << 20))", "pass"),
                "File too large");
}
CONVERSATION("checker", "runner", "a server that fills the disk with many files", "ours") {
    is_harmless(talk, "harm_files.py",
                echo_server("n = 0\nwhile True:\n    n += 1\n    open('f%d' % n, 'wb').write(b'x' * (10 << 20))", "pass"),
                "MiB of files");
}
CONVERSATION("checker", "runner", "a server that takes all memory", "ours") {
    talk.sets("MEMORY", "64"); // MiB: a busy machine gives out 512 slowly
    is_harmless(talk, "harm_memory.py", "x = []\nwhile True: x.append(b'x' * (1 << 20))\n", "more than 64 MiB");
}

CONVERSATION("checker", "runner", "no such file cannot run", "ours") {
    must_say(talk, checked(talk, {"servidor_eco_v1"}, "CMD", "python3 nohay.py", 1), {"CANNOT"});
}

CONVERSATION("checker", "runner", "wrong usage: no program, no such exercise, nothing to check there", "ours") {
    checked(talk, {"p3.1"}, "CMD", "", 2);
    checked(talk, {"p3.99"}, "CMD", "python3 bien.py", 2);
    checked(talk, {"c1.d"}, "CMD", "python3 bien.py", 2);
    checked(talk, {"p4sip"}, "DIR", "no hay", 1);
}

CONVERSATION("checker", "runner", "our own programs pass every check, from a folder", "ours heavy") {
    struct {
        const char *exercises, *folder;
    } const practices[] = {{"p3", "p3_udp_echo"},     {"api.1", "p3_udp_echo"},       {"p4tcp", "p4_tcp_echo"},
                           {"api.2", "p4_tcp_echo"}, {"p4sip", "p4_sip_registrar"}, {"c1", "control1_resume_http"}};
    for (const auto& practice : practices) {
        checked(talk, {practice.exercises}, "DIR", (repository() / "build" / practice.folder).string(), 0, "es");
    }
}

CONVERSATION("checker", "runner", "our Python peers and our programs behave alike", "ours heavy") {
    talk.needs("python3");
    Program& runner = talk.tool(fs::read_symlink("/proc/self/exe").string(),
                                {"--build", (repository() / "build").string(), "--compare"});
    const std::string said = runner.output_after_end(Seconds{300});
    talk.expect(runner.status() == 0, "every pair is alike:\n" + said);
}

CONVERSATION("checker", "runner", "a class: right, wrong, Python 2, empty; results.csv", "ours") {
    talk.needs("python3");
    for (const char* name : {"ana", "luis", "eva", "vacía"}) fs::create_directories(talk.folder() / "clase" / name);
    talk.writes("clase/ana/servidor_eco_v1.py", echo_server("", "s.sendto(data, addr)"));
    talk.writes("clase/luis/servidor_eco_v1.py", echo_server("", "s.sendto(data[1:], addr)"));
    talk.writes("clase/eva/servidor_eco_v1.py", "import socket\ndef f(:\n");
    checked(talk, {"servidor_eco_v1"}, "CLASS", (talk.folder() / "clase").string(), 0);
    const std::string csv = talk.reads("results.csv");
    talk.expect(csv.find("\nana,pass") != csv.npos, "ana passes: " + csv);
    talk.expect(csv.find("\nluis,fail") != csv.npos, "luis fails: " + csv);
    talk.expect(csv.find("\neva,cannot run") != csv.npos, "eva's cannot run: " + csv);
    talk.expect(csv.find("\nvacía,cannot run") != csv.npos, "vacía's cannot run: " + csv);
    must_say(talk, talk.reads("results/luis.txt"), {"differs from here"});
    must_say(talk, talk.reads("results/eva.txt"), {"syntax error"});
}
