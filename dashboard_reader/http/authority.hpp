// HOST[:PORT] and SCHEME://HOST[:PORT] in the one form in which two that mean the same are equal
// (RFC 9110, 4.2.3; RFC 6454, 4). No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace ringside::dashboard {

struct Authority {
  std::string host;                   ///< lower-case, without a final dot; IPv6 without brackets
  std::optional<std::uint16_t> port;  ///< none if none was written

  bool operator==(const Authority&) const = default;
};

/// Nothing if it is none: without a host, with user information, with characters that no name has.
std::optional<Authority> parse_authority(std::string_view text);

/// A web origin: what pages say in Origin.
struct Origin {
  std::string scheme;   ///< lower-case
  Authority authority;  ///< without the scheme's default port

  bool operator==(const Origin&) const = default;
};

/// Fails with bad_argument, saying why no browser would ever send an origin that equals it.
Result<Origin> parse_origin(std::string_view text);

/// The authority as it stands in an origin of that scheme.
Authority without_default_port(std::string_view scheme, Authority authority);

/// Whether it is an address and no name.
bool is_address(std::string_view host);

}  // namespace ringside::dashboard
