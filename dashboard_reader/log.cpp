#include "dashboard_reader/log.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ringside::dashboard {
namespace {

constexpr int kLinesPerSecond = 50;

std::string as_json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

/// An ordinary message as a member of a JSON object.
class JsonMembers : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    const std::string text(message.payload.data(), message.payload.size());
    const std::string members = as_json_text(nlohmann::ordered_json::object({{"message", text}}));
    to.append(members.data() + 1, members.data() + members.size() - 1);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMembers>();
  }
};

constexpr const char* kJsonHead = R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",)";

/// Logs what log_fields() is given: the same sink, but its JSON is made already.
std::shared_ptr<spdlog::logger>& fields_logger() {
  static std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  return logger;
}

bool log_as_json = false;  // set once, by open_log()

std::string as_words(std::string_view what, const nlohmann::ordered_json& fields) {
  std::string line(what);
  for (const auto& [key, value] : fields.items())
    line.append(" ").append(key).append("=").append(
        value.is_string() && value.get<std::string>().find_first_of(" \"\\") == std::string::npos
            ? value.get<std::string>()
            : as_json_text(value));
  return line;
}

std::string as_members(std::string_view what, const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json object = {{"message", what}};
  object.update(fields);
  const std::string text = as_json_text(object);
  return text.substr(1, text.size() - 2);
}

/// Whether one more line may be written in this second.
bool has_room(int& passed_over) {
  using Clock = std::chrono::steady_clock;
  static Clock::time_point began{};
  static int lines = 0;
  if (const auto now = Clock::now(); now - began >= std::chrono::seconds(1)) {
    began = now;
    passed_over = std::max(0, lines - kLinesPerSecond);
    lines = 0;
  }
  return ++lines <= kLinesPerSecond;
}

}  // namespace

void open_log(const LogOptions& options) {
  log_as_json = options.json;
  auto logger = spdlog::stderr_logger_mt("ringside-dashboard");
  auto fields = logger;
  if (options.json) {
    fields = spdlog::stderr_logger_mt("ringside-dashboard fields");
    fields->set_pattern(std::string(kJsonHead).append("%v}"));
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JsonMembers>('*').set_pattern(std::string(kJsonHead).append("%*}"));
    logger->set_formatter(std::move(formatter));
  }
  spdlog::set_default_logger(logger);
  fields_logger() = std::move(fields);
  logger->set_level(options.level);
  fields_logger()->set_level(options.level);
}

void log_fields(spdlog::level::level_enum level, std::string_view what,
                const nlohmann::ordered_json& fields) {
  if (!fields_logger()->should_log(level)) return;
  int passed_over = 0;
  const bool room = has_room(passed_over);
  if (passed_over > 0) spdlog::warn("{} lines of the last second were not written", passed_over);
  if (!room) return;
  fields_logger()->log(level, log_as_json ? as_members(what, fields) : as_words(what, fields));
}

}  // namespace ringside::dashboard
