#include "dashboard_reader/access.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dashboard_reader/http/ascii_case.hpp"

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

Result<std::vector<std::string>> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.emplace_back(trimmed(line));
  if (!file.eof()) return fail_errno(errno, "cannot read " + path);
  return lines;
}

Result<std::string> read_token(const std::string& path) {
  RINGSIDE_TRY(std::vector<std::string> lines, lines_of(path));
  std::erase(lines, "");
  const auto is_printable = [](char c) { return c > ' ' && c < 127; };
  if (lines.size() != 1 || lines.front().size() < kMinToken || lines.front().size() > kMaxToken ||
      !std::ranges::all_of(lines.front(), is_printable))
    return fail(Errc::bad_argument, path,
                ": a token file holds one line of 16 to 1024 printable characters without blanks; "
                "make one with: openssl rand -hex 32");
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0)
    spdlog::warn("every user of this machine may read the token in {}; chmod o-r {}", path, path);
  return lines.front();
}

/// Adds the origin in `text`; `where` is what it was given by.
Result<void> add_origin(std::string_view text, std::string_view where, std::vector<Origin>& all) {
  Result<Origin> origin = parse_origin(text);
  if (!origin) return fail(Errc::bad_argument, where, ": ", origin.error().message);
  all.push_back(std::move(*origin));
  return {};
}

/// The page's own files, which web/ builds, by the decoded path. Those of assets/ are named by
/// their content; no other spelling of a path below it is let through.
bool is_public(std::string_view path) {
  constexpr std::array<std::string_view, 3> kPage{"/", "/index.html", "/icon.svg"};
  const bool is_asset = path.starts_with("/assets/") && path.find("/.") == std::string_view::npos &&
                        path.find("//") == std::string_view::npos;
  return is_asset || std::ranges::find(kPage, path) != kPage.end();
}

}  // namespace

Result<Access> Access::read(AccessOptions options) {
  Access access(std::move(options));
  RINGSIDE_CHECK(access.reread());
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) access.host_name_ = lower_case(name.data());
  return access;
}

Result<bool> Access::reread() {
  std::vector<Origin> origins;
  for (const std::string& text : options_.origins)
    RINGSIDE_CHECK(add_origin(text, "--origin", origins));
  if (const std::string& path = options_.origin_file; !path.empty()) {
    RINGSIDE_TRY(const std::vector<std::string> lines, lines_of(path));
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (!lines[i].empty() && !lines[i].starts_with('#'))
        RINGSIDE_CHECK(add_origin(lines[i], path + ", line " + std::to_string(i + 1), origins));
  }
  std::string token;
  if (!options_.token_file.empty()) {
    RINGSIDE_TRY(token, read_token(options_.token_file));
  }
  const bool changed = token != token_;
  origins_ = std::move(origins);
  token_ = std::move(token);
  return changed;
}

std::optional<HttpAnswer> Access::refusal_of(const HttpRequest& request,
                                             const Target& target) const {
  // Whether it lives is no secret, and those who ask may know it by any name.
  if (target.path == "/healthz") return std::nullopt;
  // HTTP/1.0 may leave it out; one that makes no sense was refused as no HTTP.
  const std::optional<Authority> host = parse_authority(request.header("host"));
  // A name that someone else controls could be made to point here (DNS rebinding), and a browser
  // would take that someone's page for ours.
  if (host && !is_own_host(*host))
    return plain(HttpStatus::misdirected,
                 "this dashboard is not known by that Host; start it with --origin "
                 "SCHEME://HOST[:PORT] to serve it under a name");
  if (is_public(target.path)) return std::nullopt;
  // Programs that are no browsers send no Origin.
  const std::string_view origin = request.header("origin");
  if (!origin.empty() && !is_allowed_origin(origin, host))
    return plain(HttpStatus::forbidden,
                 "a page of another origin may not look here; start the dashboard with --origin "
                 "SCHEME://HOST[:PORT] to allow it");
  if (has_token() && !has_right_token(request, target))
    return plain(HttpStatus::unauthorized,
                 "this dashboard wants its token: ?token=... or Authorization: Bearer ...",
                 "WWW-Authenticate: Bearer realm=\"ringside\"\r\n");
  return std::nullopt;
}

bool Access::is_own_host(const Authority& host) const {
  const std::string& name = host.host;
  // Without a dot it is a name of this machine or network: nobody elsewhere can own one.
  if (is_address(name) || name.find('.') == std::string::npos || name.ends_with(".localhost") ||
      name == host_name_)
    return true;
  return std::ranges::any_of(
      origins_, [&name](const Origin& origin) { return origin.authority.host == name; });
}

bool Access::is_allowed_origin(std::string_view text, const std::optional<Authority>& host) const {
  const Result<Origin> origin = parse_origin(text);
  if (!origin) return false;  // also "null", as browsers call one that they keep to themselves
  if (std::ranges::find(origins_, *origin) != origins_.end()) return true;
  return host && origin->authority == without_default_port(origin->scheme, *host);
}

bool Access::has_right_token(const HttpRequest& request, const Target& target) const {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view header = request.header("authorization");
  if (is_word(header.substr(0, kBearer.size()), kBearer))
    return is_same_secret(trimmed(header.substr(kBearer.size())), token_);
  const auto asked = target.query.find("token");
  return asked != target.query.end() && is_same_secret(asked->second, token_);
}

}  // namespace ringside::dashboard
