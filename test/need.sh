#!/bin/sh
# test/need.sh WHAT…: makes sure that commands, headers (header:NAME) and clang's fuzzer (libfuzzer)
# are there. What is missing is announced, then installed with apt-get as root or with sudo;
# elsewhere the packages' names for Homebrew and dnf are printed.
set -u
missing=
for what; do
    case $what in
    header:*)
        header=${what#header:}
        echo "#include <$header>" | ${CXX:-g++} -E -x c++ - >/dev/null 2>&1 && continue
        case $header in
        doctest/doctest.h) package=doctest-dev brew=doctest dnf=doctest-devel ;;
        simdjson.h) package=libsimdjson-dev brew=simdjson dnf=simdjson-devel ;;
        *) package=$header brew=$header dnf=$header ;;
        esac ;;
    libfuzzer)
        clang++ -print-file-name=libclang_rt.fuzzer-"$(uname -m)".a 2>/dev/null | grep -q / && continue
        package=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\).*/libclang-rt-\1-dev/p' | head -n 1)
        package=${package:-libclang-rt-14-dev} brew=llvm dnf=compiler-rt ;;
    *)
        command -v "$what" >/dev/null 2>&1 && continue
        case $what in
        nc) package=netcat-openbsd brew=netcat dnf=netcat ;;
        ncat) package=ncat brew=nmap dnf=nmap-ncat ;;
        ip | ss) package=iproute2 brew=iproute2mac dnf=iproute ;;
        netstat) package=net-tools brew=net-tools dnf=net-tools ;;
        sipp) package=sip-tester brew=sipp dnf=sipp ;;
        nginx) package=nginx-light brew=nginx dnf=nginx ;;
        kamailio) package="kamailio kamailio-sqlite-modules" brew=kamailio dnf=kamailio ;;
        aria2c) package=aria2 brew=aria2 dnf=aria2 ;;
        nft) package=nftables brew=nftables dnf=nftables ;;
        pgrep) package=procps brew=proctools dnf=procps-ng ;;
        tc) package=iproute2 brew=iproute2mac dnf=iproute-tc ;;
        gnuplot) package=gnuplot-nox brew=gnuplot dnf=gnuplot ;;
        dumpcap | tshark) package=tshark brew=wireshark dnf=wireshark-cli ;;
        g++ | c++) package=g++ brew=gcc dnf=gcc-c++ ;;
        clang++) package=clang brew=llvm dnf=clang ;;
        *) package=$what brew=$what dnf=$what ;;
        esac ;;
    esac
    missing="$missing $package" brews="${brews:-} $brew" dnfs="${dnfs:-} $dnf"
done
[ -z "$missing" ] && exit 0

echo "This needs packages that are not installed yet:$missing" >&2
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null 2>&1; then sudo=sudo; else
        echo "As root: apt-get install$missing" >&2
        exit 1
    fi
    [ -n "$(ls /var/lib/apt/lists/*_Packages* 2>/dev/null)" ] || $sudo apt-get update -q >&2 || exit 1
    # shellcheck disable=SC2086
    exec $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends $missing >&2
fi
echo "Homebrew: brew install${brews:-}" >&2
# Its folders are not among those that the compiler looks into.
[ "$(uname)" = Darwin ] &&
    echo "          export CPATH=\$(brew --prefix)/include LIBRARY_PATH=\$(brew --prefix)/lib" >&2
echo "Fedora:   dnf install${dnfs:-}" >&2
exit 1
