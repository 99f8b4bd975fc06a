// Complete lines of standard input, as they come. A line that is too long is skipped and reported.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ringside::cli {

class LineReader {
 public:
  enum class Next {
    line,      ///< line() is the next one, without its end
    too_long,  ///< the next one has more bytes than the longest may have; line() is its beginning
    nothing,   ///< nothing came within the time
    end,       ///< of the input
    failed,    ///< it cannot be read; error() says why
  };

  LineReader(int descriptor, std::uint64_t longest)
      : descriptor_(descriptor), longest_(longest), buffer_(256 * 1024) {}

  Next next(std::chrono::milliseconds limit);
  const std::string& line() const { return line_; }
  /// Of the line that came last, from 1.
  std::uint64_t number() const { return number_; }
  std::uint64_t bytes() const { return bytes_; }
  /// An errno.
  int error() const { return error_; }

 private:
  bool fill(std::chrono::milliseconds limit, Next& why);

  int descriptor_;
  std::uint64_t longest_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string line_;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  bool open_ = false;  // line_ has the beginning of an incomplete one
  bool too_long_ = false;
  int error_ = 0;
};

}  // namespace ringside::cli
