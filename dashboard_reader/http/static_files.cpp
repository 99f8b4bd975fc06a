#include "dashboard_reader/http/static_files.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dashboard_reader/http/conditional.hpp"
#include "dashboard_reader/http/http_date.hpp"
#include "dashboard_reader/log.hpp"

namespace ringside::dashboard {
namespace {

std::string_view content_type(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".csv", "text/csv; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".parquet", "application/vnd.apache.parquet"},
      {".wasm", "application/wasm"},
      {".woff2", "font/woff2"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
  }};
  for (const auto& [ending, type] : kTypes)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

/// A file that was replaced, or written to, has another one.
std::string etag_of(const struct stat& status) {
  std::array<char, 80> text{};
  const int size = std::snprintf(text.data(), text.size(), "\"%llx-%llx-%llx%08lx\"",
                                 static_cast<unsigned long long>(status.st_ino),
                                 static_cast<unsigned long long>(status.st_size),
                                 static_cast<unsigned long long>(status.st_mtim.tv_sec),
                                 static_cast<unsigned long>(status.st_mtim.tv_nsec));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool has_dot_file(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

/// The answer for a file that cannot be opened. What is no fault of the client's the log has too.
HttpAnswer unopened(const std::string& path, int error) {
  HttpStatus status = HttpStatus::not_found;
  if (error == EACCES || error == EPERM) status = HttpStatus::forbidden;
  if (error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO)
    status = HttpStatus::unavailable;
  if (status == HttpStatus::not_found) return plain(status, "not found");
  const char* const why = std::strerror(error);
  log_fields(spdlog::level::warn, "cannot open a file that was asked for",
             {{"file", path}, {"reason", why}});
  return plain(status, std::string("the dashboard cannot open this file: ") + why);
}

}  // namespace

Result<StaticFiles> StaticFiles::open(const std::filesystem::path& root, std::string_view option,
                                      Kind kind) {
  File directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory.descriptor() < 0)
    return fail_errno(errno, std::string(option) + " " + root.string() + " cannot be opened");
  return StaticFiles(std::move(directory), kind);
}

std::string_view StaticFiles::cache_control(std::string_view path) const {
  if (kind_ == Kind::data) return "private, no-cache";
  // The names of built files change with their content; that of the page itself does not.
  return path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

HttpAnswer StaticFiles::get(const std::string& path, const HttpRequest& request) const {
  std::string relative = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  if (relative.empty() && kind_ == Kind::page) relative = "index.html";
  if (has_dot_file(relative)) return unopened(relative, ENOENT);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  auto file = std::make_shared<const File>(static_cast<int>(
      ::syscall(SYS_openat2, root_.descriptor(), relative.c_str(), &how, sizeof how)));
  if (file->descriptor() < 0) return unopened(relative, errno);
  struct stat status {};
  if (::fstat(file->descriptor(), &status) != 0 || !S_ISREG(status.st_mode))
    return unopened(relative, ENOENT);
  const Version version{etag_of(status), status.st_mtim.tv_sec,
                        static_cast<std::uint64_t>(status.st_size)};
  const Wanted wanted = wanted_of(request, version);
  const std::string size = std::to_string(version.size);
  if (wanted.status == HttpStatus::precondition_failed)
    return plain(wanted.status, "the file is not the one that was meant");
  if (wanted.status == HttpStatus::range_not_satisfiable)
    return plain(wanted.status, "the file is shorter than that",
                 "Content-Range: bytes */" + size + "\r\n");
  HttpAnswer answer;
  answer.status = wanted.status;
  if (wanted.status == HttpStatus::partial_content)
    answer.extra_headers = "Content-Range: bytes " + std::to_string(wanted.offset) + "-" +
                           std::to_string(wanted.offset + wanted.length - 1) + "/" + size + "\r\n";
  answer.content_type = content_type(relative);
  answer.file = FileSlice{file, wanted.offset, wanted.length, status.st_mtim, status.st_size};
  answer.extra_headers.append("ETag: ").append(version.etag);
  answer.extra_headers.append("\r\nLast-Modified: ").append(http_date(version.modified));
  answer.extra_headers.append("\r\nAccept-Ranges: bytes\r\nCache-Control: ")
      .append(cache_control(relative))
      .append("\r\n");
  return answer;
}

}  // namespace ringside::dashboard
