// What every program begins and ends with: main() is `return run_program("NAME", run, argc,
// argv);`.
//
// Standard streams that are closed are a trap: what a program opens next gets their descriptor,
// and what it prints then goes into a file or to a client. Output that cannot be written is
// another: it waits in a buffer, and the program has long said that all is well.
#pragma once

#include "bus/result.hpp"

namespace ringside {

/// Opens /dev/null on standard streams that are closed, runs `run`, and writes what it printed.
/// Gives the exit status: that of `run`; 1 if it threw, or if standard output could not be written,
/// with a line on standard error that begins with `program`. Before any other thread runs.
int run_program(const char* program, int (*run)(int, char**), int argc, char** argv) noexcept;

/// Prints one line on standard error and gives the exit status: 2 for what the user wrote, else 1.
int report(const char* program, const Error& error);

/// Writes what is still in the buffer of standard output. Returns whether all that was printed so
/// far could be written; if not, run_program() says why.
bool flush_output() noexcept;

/// What --help says of --bus, as Bus::locate() has it.
inline constexpr const char* kBusHelp =
    "The bus directory (default: $RINGSIDE_BUS, else /run/ringside where that exists, else "
    "/dev/shm/ringside)";

/// The end of every --help.
inline constexpr const char* kExitStatusHelp =
    "Exit status: 0 done; 1 failed, with the reason on standard error; 2 not understood.";

}  // namespace ringside
