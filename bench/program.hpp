// What every program of bench/ does around its work.
#pragma once

namespace ringside::bench {

/// The status of `run`; what it throws is one line on standard error, after `name`, and status 1.
int run_program(const char* name, int (*run)(int, char**), int argc, char** argv);

}  // namespace ringside::bench
