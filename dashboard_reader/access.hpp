// Who may ask: the token, the hosts that are ours, and the origins whose pages may open streams.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "dashboard_reader/http/authority.hpp"
#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/http/http_response.hpp"
#include "dashboard_reader/http/target.hpp"

namespace ringside::dashboard {

struct AccessOptions {
  std::vector<std::string> origins;  ///< SCHEME://HOST[:PORT], in any spelling, besides our own
  std::string origin_file;           ///< more of them, a line each; "" if there is none
  std::string token_file;            ///< "" if no token is asked for
};

class Access {
 public:
  /// Reads the files. Fails with what is wrong in which of them.
  static Result<Access> read(AccessOptions options);

  /// Reads the files again (SIGHUP); on failure all stays as it was. Says whether the token
  /// changed.
  Result<bool> reread();

  bool has_token() const { return !token_.empty(); }

  /// The answer to a request that must be refused. Closed by default: the page's own files and
  /// /healthz are for everybody, and every other path, known or not, asks for the token, and of a
  /// browser for a page of ours.
  std::optional<HttpAnswer> refusal_of(const HttpRequest& request, const Target& target) const;

 private:
  explicit Access(AccessOptions options) : options_(std::move(options)) {}

  bool is_own_host(const Authority& host) const;
  bool is_allowed_origin(std::string_view origin, const std::optional<Authority>& host) const;
  bool has_right_token(const HttpRequest& request, const Target& target) const;

  AccessOptions options_;
  std::vector<Origin> origins_;  // of both sources
  std::string token_;
  std::string host_name_;
};

}  // namespace ringside::dashboard
