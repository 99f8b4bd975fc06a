// The log, on standard error: lines for people, or JSON objects for machines (--log-json). Whoever
// logs never waits for whoever reads: lines are queued for a thread of the log's own, and the
// oldest are dropped, counted and reported when it cannot keep up.
#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>
#include <spdlog/common.h>

namespace ringside::dashboard {

struct LogOptions {
  spdlog::level::level_enum level = spdlog::level::info;
  bool json = false;
};

/// Sets the default logger up; once, before anything is logged.
void open_log(const LogOptions& options);

/// Lets the last lines go out. False if nobody takes them within a second: the process then has to
/// end without waiting for its threads (_Exit).
[[nodiscard]] bool close_log();

/// Something that happened, with its fields: `what key=value ...`, or members of the JSON object.
/// Lines beyond 50 a second are counted and not written, and the count is reported: a flood of
/// connections must fill neither disk nor loop.
void log_fields(spdlog::level::level_enum level, std::string_view what,
                const nlohmann::ordered_json& fields);

/// How many lines were not written so far.
struct DroppedLines {
  std::uint64_t flood = 0;    ///< beyond 50 a second
  std::uint64_t blocked = 0;  ///< standard error was not read, and the queue was full
  std::uint64_t failed = 0;   ///< standard error did not take them: a full disk, a closed pipe
};
DroppedLines dropped_lines();

}  // namespace ringside::dashboard
