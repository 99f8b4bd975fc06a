// What an operation that can fail returns: the value, or an Error that a person can act on.
// Operating errors only (a bad file, a full disk, a name that is taken); what is expected on the
// hot path (nothing new, lapped) is a small enum of its own.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ringside {

enum class Errc {
  system,        ///< a system call failed; see os_errno
  bad_name,      ///< a channel or producer name that cannot be a file name
  bad_argument,  ///< a size or option out of its range
  not_found,     ///< no such bus, channel, segment or file
  not_segment,   ///< the file is something else
  incompatible,  ///< a segment of another format version or byte order
  corrupt,       ///< a segment that contradicts itself
  detached,      ///< a writer's file was removed, replaced or shortened
  in_use,        ///< another process owns the segment
  no_space,      ///< the file system cannot hold the segment
  too_large,     ///< a record larger than the segment
  bad_event,     ///< an event that does not verify against its schema
};

/// `message` is one line: what, where and what to do.
struct Error {
  Errc code;
  int os_errno = 0;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `text`, which may be from anyone, as one piece of a message: in double quotes, on one line,
/// without control characters, and cut where it is long. Bytes that are not ASCII are escaped too,
/// since they need not be UTF-8.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string all = "\"";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      all.append({'\\', c});
    else if (byte < 0x20 || byte > 0x7E)
      all.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
    else
      all.push_back(c);
  }
  return all.append(text.size() > kLongest ? "\"..." : "\"");
}

/// A failure with the words of `parts` joined; for messages put together from pieces.
template <class... Parts>
tl::unexpected<Error> fail(Errc code, const Parts&... parts) {
  std::string message;
  (message.append(parts), ...);
  return tl::unexpected<Error>(Error{code, 0, std::move(message)});
}

/// A failure of a system call: `what` names the attempt and the path; errno's text is appended.
inline tl::unexpected<Error> fail_errno(int os_errno, std::string_view what) {
  std::string message(what);
  message.append(": ").append(std::strerror(os_errno));
  const Errc code = os_errno == ENOENT ? Errc::not_found
                    : os_errno == ENOSPC || os_errno == EDQUOT || os_errno == ENOMEM
                        ? Errc::no_space
                        : Errc::system;
  return tl::unexpected<Error>(Error{code, os_errno, std::move(message)});
}

}  // namespace ringside

#define RINGSIDE_JOINED_(a, b) a##b
#define RINGSIDE_JOINED(a, b) RINGSIDE_JOINED_(a, b)

/// Passes a failure of `expression`, a Result, on to the caller; else `declaration` gets its value:
///
///     RINGSIDE_TRY(const File file, File::open(path, O_RDONLY));
#define RINGSIDE_TRY(declaration, ...)                                                             \
  auto RINGSIDE_JOINED(result_, __LINE__) = (__VA_ARGS__);                                         \
  if (!RINGSIDE_JOINED(result_, __LINE__))                                                         \
    return tl::unexpected<ringside::Error>(std::move(RINGSIDE_JOINED(result_, __LINE__)).error()); \
  declaration = std::move(*RINGSIDE_JOINED(result_, __LINE__))

/// The same for a Result<void>, or one whose value nobody wants.
#define RINGSIDE_CHECK(...)                                        \
  do {                                                             \
    if (auto&& RINGSIDE_JOINED(result_, __LINE__) = (__VA_ARGS__); \
        !RINGSIDE_JOINED(result_, __LINE__))                       \
      return tl::unexpected<ringside::Error>(                      \
          std::move(RINGSIDE_JOINED(result_, __LINE__)).error());  \
  } while (false)
