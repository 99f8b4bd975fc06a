// What this process takes of the machine, by the kernel's word (proc(5)).
#pragma once

namespace ringside::dashboard {

struct ProcessFigures {
  double cpu_seconds = 0;
  double start_seconds = 0;  ///< since 1970
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_descriptors = 0;
  double max_descriptors = 0;
};

/// Zero for what the kernel does not say, for instance where /proc is not mounted.
ProcessFigures process_figures();

}  // namespace ringside::dashboard
