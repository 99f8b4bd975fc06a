// The log, on standard error: lines for people, or JSON objects for machines (--log-json).
#pragma once

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

/// Something that happened, with its fields: `what key=value ...`, or members of the JSON object.
/// Lines beyond 50 a second are counted and not written, and the count is told: a flood of
/// connections must fill neither disk nor loop.
void log_fields(spdlog::level::level_enum level, std::string_view what,
                const nlohmann::ordered_json& fields);

}  // namespace ringside::dashboard
