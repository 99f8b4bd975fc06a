// The heads of HTTP answers. No I/O.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bus/os/file.hpp"
#include "dashboard_reader/http/http_status.hpp"

namespace ringside::dashboard {

/// Part of a file, as it was when it was opened.
struct FileSlice {
  std::shared_ptr<const File> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::timespec modified{};
  std::int64_t size = 0;  ///< of all of the file
};

struct HttpAnswer {
  HttpStatus status = HttpStatus::ok;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string extra_headers;                  // lines, each with its CRLF
  std::optional<FileSlice> file;              // the body, if it does not lie in `body`
  std::optional<std::uint64_t> length_apart;  // of a body that lies in neither
};

/// The answer as bytes, without a body that lies apart; a HEAD request gets the head alone, with
/// the length of the body it is spared.
std::string encode_answer(const HttpAnswer& answer, bool head_only, bool keep_alive);

/// A plain line of text, for people and for curl.
HttpAnswer plain(HttpStatus status, std::string_view text, std::string_view extra_headers = {});

/// The 101 that opens a WebSocket (RFC 6455, 4.2.2).
std::string switching_protocols(std::string_view accept);

}  // namespace ringside::dashboard
