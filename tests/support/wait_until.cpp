#include "tests/support/wait_until.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace ringside::support {

bool wait_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

bool wait_until_caught(pid_t process, int signal) {
  const std::string path = "/proc/" + std::to_string(process) + "/status";
  return wait_until([&] {
    std::ifstream file(path);
    const std::string status{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = status.find("SigCgt:");
    if (at == std::string::npos) return false;
    return (std::stoull(status.substr(at + 7), nullptr, 16) >> (signal - 1) & 1) != 0;
  });
}

}  // namespace ringside::support
