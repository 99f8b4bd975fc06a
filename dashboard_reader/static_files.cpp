#include "dashboard_reader/static_files.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ringside::dashboard {
namespace {

constexpr std::uint64_t kMaxFile = 64 * 1024 * 1024;

std::string_view content_type(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
  }};
  for (const auto& [ending, type] : kTypes)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

std::optional<std::string> read_whole(const File& file) {
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) > kMaxFile) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.descriptor(), bytes.data() + have, bytes.size() - have);
    if (got <= 0) return std::nullopt;
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace

Result<StaticFiles> StaticFiles::open(const std::filesystem::path& root, std::string_view option) {
  File directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory.descriptor() < 0)
    return fail_errno(errno, "cannot open " + std::string(option) + " " + root.string());
  return StaticFiles(std::move(directory));
}

HttpAnswer StaticFiles::get(const std::string& path, const HttpRequest& /*request*/) const {
  std::string relative = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  if (relative.empty()) relative = "index.html";
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const File file(static_cast<int>(
      ::syscall(SYS_openat2, root_.descriptor(), relative.c_str(), &how, sizeof how)));
  std::optional<std::string> bytes = file.descriptor() < 0 ? std::nullopt : read_whole(file);
  if (!bytes) return plain(HttpStatus::not_found, "not found");
  HttpAnswer answer;
  answer.content_type = content_type(relative);
  answer.body = std::move(*bytes);
  // The names of built files change with their content; that of the page itself does not.
  answer.extra_headers = relative.starts_with("assets/")
                             ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                             : "Cache-Control: no-cache\r\n";
  return answer;
}

}  // namespace ringside::dashboard
