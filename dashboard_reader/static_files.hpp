// The files of one directory, and nothing out of its reach: the page, and what --data names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bus/file.hpp"
#include "bus/result.hpp"
#include "dashboard_reader/http_request.hpp"
#include "dashboard_reader/http_response.hpp"

namespace ringside::dashboard {

class StaticFiles {
 public:
  /// Fails with not_found if `root` is no directory; `option` is what it was given by.
  static Result<StaticFiles> open(const std::filesystem::path& root, std::string_view option);

  /// The file at an absolute URL path ("/" is index.html), or the part of it that the request
  /// wants, or 404. The kernel resolves the path beneath the root (openat2): neither ".." nor a
  /// link leads out of it. What begins with a dot is not served.
  HttpAnswer get(const std::string& path, const HttpRequest& request) const;

 private:
  explicit StaticFiles(File root) : root_(std::move(root)) {}

  File root_;
};

}  // namespace ringside::dashboard
