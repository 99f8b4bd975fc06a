#include "cli/line_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace ringside::cli {

LineReader::Next LineReader::next(std::chrono::milliseconds limit) {
  if (!open_) {
    line_.clear();
    too_long_ = false;
    open_ = true;
  }
  while (true) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const std::size_t newline = rest.find('\n');
    const std::size_t length = std::min(newline, rest.size());
    const std::size_t kept = std::min<std::uint64_t>(length, longest_ - line_.size());
    line_.append(rest.substr(0, kept));
    too_long_ = too_long_ || kept < length;
    begin_ += length;
    Next why = Next::end;
    const bool ends_here = newline != std::string_view::npos;
    if (ends_here) ++begin_;
    if (!ends_here && fill(limit, why)) continue;
    if (!ends_here && why != Next::end) return why;
    // The last line may lack its end.
    if (!ends_here && line_.empty()) return Next::end;
    open_ = false;
    ++number_;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    return too_long_ ? Next::too_long : Next::line;
  }
}

bool LineReader::fill(std::chrono::milliseconds limit, Next& why) {
  begin_ = end_ = 0;
  pollfd ready{descriptor_, POLLIN, 0};
  const int polled = ::poll(&ready, 1, static_cast<int>(limit.count()));
  if (polled <= 0) {
    why = Next::nothing;
    return false;
  }
  const ssize_t got = ::read(descriptor_, buffer_.data(), buffer_.size());
  if (got < 0) {
    error_ = errno;
    why = error_ == EINTR || error_ == EAGAIN ? Next::nothing : Next::failed;
    return false;
  }
  if (got == 0) return false;
  end_ = static_cast<std::size_t>(got);
  bytes_ += end_;
  return true;
}

}  // namespace ringside::cli
