// Where a campaign keeps its buses: a directory of its own in memory, removed at the end unless
// there is something in it to be looked at.
#pragma once

#include <filesystem>

namespace ringside::campaign {

class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void keep() { keep_ = true; }

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

}  // namespace ringside::campaign
