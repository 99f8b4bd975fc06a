#include "bus/program/progress_line.hpp"

#include <cstdarg>

#include <unistd.h>

namespace ringside {

ProgressLine::ProgressLine(std::FILE* out, Every every)
    : out_(out),
      is_on_terminal_(out != nullptr && ::isatty(::fileno(out)) == 1),
      every_(is_on_terminal_ ? every.on_terminal : every.in_log) {}

bool ProgressLine::is_due() {
  if (out_ == nullptr || every_.count() == 0) return false;
  const Clock::time_point now = Clock::now();
  if (now - last_ < every_) return false;
  last_ = now;
  return true;
}

// NOLINTNEXTLINE(cert-dcl50-cpp)
void ProgressLine::show(const char* format, ...) {
  if (out_ == nullptr) return;
  if (is_on_terminal_) std::fputc('\r', out_);
  std::va_list arguments;
  va_start(arguments, format);
  std::vfprintf(out_, format, arguments);
  va_end(arguments);
  std::fputs(is_on_terminal_ ? "\x1b[K" : "\n", out_);
  std::fflush(out_);
  is_open_ = is_on_terminal_;
}

void ProgressLine::end() {
  if (is_open_) std::fputc('\n', out_);
  is_open_ = false;
}

void ProgressLine::erase() {
  if (is_open_) std::fputs("\r\x1b[K", out_);
  is_open_ = false;
}

}  // namespace ringside
