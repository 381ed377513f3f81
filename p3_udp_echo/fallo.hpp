// The sentence that versions 2 and 2.5 print when a socket's method fails (exercise 6).
#pragma once

#include "error.hpp"

#include <iostream>

// "Fallo en bind. Codigo de Error : 98 Mensaje Address already in use": in Python msg[0] and msg[1].
// Gives the exit status of a program that ends because of it (the handout's sys.exit() gives 0).
inline int fallo(const char* metodo, const SocketError& msg) {
    std::cout << "Fallo en " << metodo << ". Codigo de Error : " << msg.code().value() << " Mensaje "
              << msg.code().message() << '\n';
    return 1;
}
