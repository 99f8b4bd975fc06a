#include "dashboard_reader/access.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include <asio/ip/address.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

namespace ringside::dashboard {
namespace {

/// Shorter ones are guessed.
constexpr std::size_t kMinToken = 16;
constexpr std::size_t kMaxToken = 1024;

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

Digest digest_of(std::string_view text) {
  Digest digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

/// In a time that says nothing of where they differ, or of their lengths.
bool is_same_secret(std::string_view one, std::string_view other) {
  const Digest a = digest_of(one);
  const Digest b = digest_of(other);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

Result<std::vector<std::string>> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.emplace_back(trimmed(line));
  if (!file.eof()) return fail_errno(errno, "cannot read " + path);
  return lines;
}

Result<std::string> read_token(const std::string& path) {
  Result<std::vector<std::string>> lines = lines_of(path);
  if (!lines) return tl::unexpected(lines.error());
  std::erase(*lines, "");
  const auto is_printable = [](char c) { return c > ' ' && c < 127; };
  if (lines->size() != 1 || lines->front().size() < kMinToken ||
      lines->front().size() > kMaxToken || !std::ranges::all_of(lines->front(), is_printable))
    return fail(Errc::bad_argument, path,
                ": a token file holds one line of 16 to 1024 printable characters without blanks; "
                "make one with: openssl rand -hex 32");
  return lines->front();
}

Result<void> check_origin(const std::string& origin, std::string_view where) {
  const std::size_t scheme = origin.find("://");
  const bool shaped = scheme != std::string::npos && scheme > 0 && scheme + 3 < origin.size() &&
                      origin.find('/', scheme + 3) == std::string::npos;
  if (shaped) return {};
  return fail(Errc::bad_argument, where, ": ", in_quotes(origin),
              " is no origin; use SCHEME://HOST[:PORT], such as https://dash.example.com");
}

/// The name in HOST[:PORT], without the brackets of an IPv6 address.
std::string_view name_in(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_public(std::string_view path) {
  return !path.starts_with("/v1/") && !path.starts_with("/data/") && path != "/metrics" &&
         path != "/echo";
}

}  // namespace

Result<Access> Access::read(AccessOptions options) {
  Access access(std::move(options));
  for (const std::string& origin : access.options_.origins)
    if (Result<void> good = check_origin(origin, "--origin"); !good)
      return tl::unexpected(good.error());
  if (Result<bool> files = access.reread(); !files) return tl::unexpected(files.error());
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) access.host_name_ = name.data();
  return access;
}

Result<bool> Access::reread() {
  std::vector<std::string> origins = options_.origins;
  if (!options_.origin_file.empty()) {
    const Result<std::vector<std::string>> lines = lines_of(options_.origin_file);
    if (!lines) return tl::unexpected(lines.error());
    for (const std::string& line : *lines) {
      if (line.empty() || line.starts_with('#')) continue;
      if (Result<void> good = check_origin(line, options_.origin_file); !good)
        return tl::unexpected(good.error());
      origins.push_back(line);
    }
  }
  std::string token;
  if (!options_.token_file.empty()) {
    Result<std::string> read = read_token(options_.token_file);
    if (!read) return tl::unexpected(read.error());
    token = std::move(*read);
  }
  const bool changed = token != token_;
  origins_ = std::move(origins);
  token_ = std::move(token);
  return changed;
}

std::optional<Refused> Access::refuses(const HttpRequest& request, const Target& target) const {
  // Whether it lives is no secret, and those who ask may know it by any name.
  if (target.path == "/healthz") return std::nullopt;
  const std::string_view host = request.header("host");
  if (request.has_repeated_host || (host.empty() && request.is_http_1_1)) return Refused::no_host;
  // A name that someone else controls could be made to point here (DNS rebinding), and a browser
  // would take that someone's page for ours.
  if (!host.empty() && !is_own_host(host)) return Refused::host;
  if (target.path.starts_with("/v1/") && !is_allowed_origin(request)) return Refused::origin;
  if (has_token() && !is_public(target.path) && !has_right_token(request, target))
    return Refused::no_token;
  return std::nullopt;
}

bool Access::is_own_host(std::string_view host) const {
  const std::string_view name = name_in(host);
  asio::error_code error;
  asio::ip::make_address(name, error);
  // Without a dot it is a name of this machine or network: nobody elsewhere can own one.
  if (!error || name.find('.') == std::string_view::npos || name.ends_with(".localhost") ||
      name == host_name_)
    return true;
  return std::ranges::any_of(origins_, [name](std::string_view origin) {
    return name_in(origin.substr(origin.find("://") + 3)) == name;
  });
}

bool Access::is_allowed_origin(const HttpRequest& request) const {
  const std::string_view origin = request.header("origin");
  // Programs that are no browsers send no Origin.
  if (origin.empty() || std::ranges::find(origins_, origin) != origins_.end()) return true;
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == request.header("host");
}

bool Access::has_right_token(const HttpRequest& request, const Target& target) const {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view header = request.header("authorization");
  const auto lower = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  if (header.size() > kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), header.begin(),
                 [&lower](char b, char a) { return lower(a, b); }))
    return is_same_secret(trimmed(header.substr(kBearer.size())), token_);
  const auto asked = target.query.find("token");
  return asked != target.query.end() && is_same_secret(asked->second, token_);
}

}  // namespace ringside::dashboard
