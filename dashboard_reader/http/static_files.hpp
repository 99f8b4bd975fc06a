// The files of one directory, and nothing out of its reach: the page, and what --data names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bus/os/file.hpp"
#include "bus/result.hpp"
#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/http/http_response.hpp"

namespace ringside::dashboard {

class StaticFiles {
 public:
  enum class Kind {
    page,  ///< "/" is index.html, and built files below assets/ never change under their name
    data,  ///< whatever changes, and is maybe not for everybody: caches ask each time
  };

  /// Fails with not_found if `root` is no directory; `option` is what it was given by.
  static Result<StaticFiles> open(const std::filesystem::path& root, std::string_view option,
                                  Kind kind);

  /// The file at an absolute URL path, or the part of it that the request
  /// wants, or 404. The kernel resolves the path beneath the root (openat2): neither ".." nor a
  /// link leads out of it. What begins with a dot is not served.
  HttpAnswer get(const std::string& path, const HttpRequest& request) const;

 private:
  StaticFiles(File root, Kind kind) : root_(std::move(root)), kind_(kind) {}

  std::string_view cache_control(std::string_view path) const;

  File root_;
  Kind kind_;
};

}  // namespace ringside::dashboard
