// `ringside publish` of readings, and what is then on the bus.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::wire_test {

inline constexpr const char* kRingside = RINGSIDE_BIN "/ringside";

inline const std::string kReadingSchema = R"(
namespace sensors;
enum Kind : ubyte { Heat = 1, Light }
struct Place { x:double; y:double; }
table Note { text:string; }
table Alarm { level:int; }
union Extra { Note, Alarm }
table Reading {
  name:string; value:double; count:ushort; good:bool; kind:Kind = Heat; at:Place;
  history:[float]; tags:[string]; notes:[Note]; extra:Extra; big:ulong;
}
root_type Reading;
file_identifier "SENS";
)";

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Workshop {
  Workshop() : schema((folder.path() / "reading.fbs").string()) {
    std::ofstream(schema) << kReadingSchema;
  }

  support::Outcome publish(const std::string& input,
                           const std::vector<std::string>& more = {}) const {
    const std::string file = (folder.path() / "input").string();
    std::ofstream(file, std::ios::binary) << input;
    std::vector<std::string> command = {
        "/bin/sh", "-c",       "exec \"$@\" < \"$0\"", file,   kRingside,  "--bus", bus.text(),
        "publish", "readings", "--producer",           "pipe", "--schema", schema};
    command.insert(command.end(), more.begin(), more.end());
    return support::run_command(command);
  }

  std::vector<nlohmann::json> events() const {
    const support::Outcome tail =
        support::run_command({kRingside, "--bus", bus.text(), "tail", "readings", "--json"});
    std::vector<nlohmann::json> all;
    std::istringstream lines(tail.output);
    for (std::string line; std::getline(lines, line);)
      all.push_back(nlohmann::json::parse(line).at("event"));
    return all;
  }

  support::TemporaryDirectory bus;
  support::TemporaryDirectory folder;
  std::string schema;
};

}  // namespace ringside::wire_test
