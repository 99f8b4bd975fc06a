#include "tests/campaign/workplace.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace ringside::campaign {

Workplace::Workplace() {
  std::string pattern = "/dev/shm/campaign.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror("ringside_campaign: /dev/shm");
    std::exit(1);
  }
  path_ = pattern;
}

Workplace::~Workplace() {
  std::error_code ignored;
  if (!keep_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace ringside::campaign
