// The contenders that are written in Python.
#pragma once

#include <string>

namespace ringside::bench {

/// Throws std::runtime_error, with what to install, if `python` cannot run them.
void require_websockets(const std::string& python);

}  // namespace ringside::bench
