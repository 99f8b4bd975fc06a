#include "bench/driver/turns.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <stdexcept>

namespace ringside::bench {

void say(const std::string& json) {
  std::printf("%s\n", json.c_str());
  if (std::fflush(stdout) != 0) throw std::runtime_error("nobody reads the figures");
}

void take_turns(const std::string& facts, const std::function<Turn()>& turn) {
  std::string ready = "{\"contract\":";
  ready.append(std::to_string(kContract));
  if (!facts.empty()) ready.append(",").append(facts);
  say(ready.append("}"));
  for (std::string line; std::getline(std::cin, line);) {
    std::string figures = "{";
    for (const auto& [name, value] : turn()) {
      if (figures.size() > 1) figures.append(",");
      figures.append("\"").append(name).append("\":").append(std::to_string(value));
    }
    say(figures.append("}"));
  }
}

double time_ns(const std::function<void()>& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  call();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::vector<std::string> arguments(int argc, char** argv, std::size_t count, const char* usage) {
  std::vector<std::string> given(argv + 2, argv + argc);
  if (given.size() != count)
    throw std::runtime_error(std::string("usage: ringside_bench ") + usage);
  return given;
}

}  // namespace ringside::bench
