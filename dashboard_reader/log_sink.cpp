#include "dashboard_reader/log_sink.hpp"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace ringside::dashboard {

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  // Those that were dropped came before this one.
  report_dropped();
  if (!print(message)) failed_.fetch_add(1, std::memory_order_relaxed);
}

void LogSink::flush_() {
  report_dropped();
  flushed_.release();
}

void LogSink::report_dropped() {
  const std::uint64_t dropped = overrun_() + failed();
  if (dropped == reported_) return;
  const std::string text =
      std::to_string(dropped - reported_) + " lines dropped: the log was not taken in time";
  if (print({{}, spdlog::level::warn, text})) reported_ = dropped;
}

bool LogSink::print(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  return write({line.data(), line.size()});
}

bool LogSink::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Someone else made it non-blocking, for all who share it.
      pollfd ready{descriptor_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace ringside::dashboard
