#include "dashboard_reader/log.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "dashboard_reader/log_sink.hpp"

namespace ringside::dashboard {
namespace {

constexpr int kLinesPerSecond = 50;
/// Lines that wait for the thread of the log: some 200 KiB.
constexpr std::size_t kQueuedLines = 256;
constexpr std::chrono::seconds kLastLines{1};
/// The logger of log_fields(), whose messages are JSON already with --log-json.
constexpr const char* kFields = "fields";

std::string as_json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

/// Members of a JSON object.
std::string as_members(std::string_view what, const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json object = {{"message", what}};
  object.update(fields);
  const std::string text = as_json_text(object);
  return text.substr(1, text.size() - 2);
}

std::string members_of(const spdlog::details::log_msg& message) {
  const std::string_view text(message.payload.data(), message.payload.size());
  if (message.logger_name == kFields) return std::string(text);
  return as_members(text, nlohmann::ordered_json::object());
}

/// The level as journald reads it off the beginning of a line (sd-daemon(3)).
std::string journal_level_of(const spdlog::details::log_msg& message) {
  return message.level <= spdlog::level::debug  ? SD_DEBUG
         : message.level == spdlog::level::info ? SD_INFO
         : message.level == spdlog::level::warn ? SD_WARNING
                                                : SD_ERR;
}

/// A flag of a pattern, which stands for a text that a function makes of the message.
class Flag : public spdlog::custom_flag_formatter {
 public:
  using TextOf = std::string (*)(const spdlog::details::log_msg&);
  explicit Flag(TextOf text_of) : text_of_(text_of) {}

  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    const std::string text = text_of_(message);
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Flag>(text_of_);
  }

 private:
  TextOf text_of_;
};

/// Whether standard error is the journal, which has its own time and name for each line
/// (systemd.exec(5), JOURNAL_STREAM).
bool is_journal(int descriptor) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(descriptor, &status) == 0 &&
         stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::unique_ptr<spdlog::formatter> formatter_for(const LogOptions& options) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Flag>('*', members_of).add_flag<Flag>('K', journal_level_of);
  if (options.json)
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%*})");
  else if (is_journal(STDERR_FILENO))
    formatter->set_pattern("%K%v");
  else
    formatter->set_pattern("[%Y-%m-%d %H:%M:%S.%e %z] [ringside-dashboard] [%l] %v");
  return formatter;
}

/// Set once, by open_log(); on the loop.
struct Log {
  std::shared_ptr<LogSink> sink;
  std::shared_ptr<spdlog::logger> fields = spdlog::default_logger();
  bool json = false;
  std::chrono::steady_clock::time_point second{};  // that is counted, from here on
  int lines = 0;                                   // of log_fields() in it
  std::uint64_t flood = 0;
};
Log& the_log() {
  static Log log;
  return log;
}

std::string as_words(std::string_view what, const nlohmann::ordered_json& fields) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; };
  std::string line(what);
  for (const auto& [key, value] : fields.items()) {
    const auto* const text = value.get_ptr<const std::string*>();
    const bool plain = text != nullptr && std::ranges::all_of(*text, is_plain);
    line.append(" ").append(key).append("=").append(plain ? *text : as_json_text(value));
  }
  return line;
}

void report_flood(const Log& log) {
  if (log.lines > kLinesPerSecond)
    spdlog::warn("{} lines dropped: more than {} in a second", log.lines - kLinesPerSecond,
                 kLinesPerSecond);
}

/// Whether one more line may be written in this second.
bool has_room(Log& log) {
  const auto now = std::chrono::steady_clock::now();
  if (now - log.second >= std::chrono::seconds(1)) {
    report_flood(log);
    log.second = now;
    log.lines = 0;
  }
  return ++log.lines <= kLinesPerSecond;
}

}  // namespace

void open_log(const LogOptions& options) {
  spdlog::init_thread_pool(kQueuedLines, 1);
  Log& log = the_log();
  log.json = options.json;
  log.sink = std::make_shared<LogSink>(
      STDERR_FILENO, [pool = std::weak_ptr(spdlog::thread_pool())]() -> std::uint64_t {
        const auto there = pool.lock();
        return there ? there->overrun_counter() : 0;
      });
  log.sink->set_formatter(formatter_for(options));
  const auto logger = [&](const char* name) {
    auto made = std::make_shared<spdlog::async_logger>(
        name, log.sink, spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
    made->set_level(options.level);
    return made;
  };
  spdlog::set_default_logger(logger("ringside-dashboard"));
  log.fields = logger(kFields);
}

bool close_log() {
  Log& log = the_log();
  if (!log.sink) return true;
  report_flood(log);
  log.fields->flush();
  if (!log.sink->wait_for_flush(kLastLines)) return false;
  spdlog::shutdown();
  return true;
}

void log_fields(spdlog::level::level_enum level, std::string_view what,
                const nlohmann::ordered_json& fields) {
  Log& log = the_log();
  if (!log.fields->should_log(level)) return;
  if (!has_room(log)) {
    ++log.flood;
    return;
  }
  log.fields->log(level, log.json ? as_members(what, fields) : as_words(what, fields));
}

DroppedLines dropped_lines() {
  const Log& log = the_log();
  const auto pool = spdlog::thread_pool();
  return {log.flood, pool ? pool->overrun_counter() : 0, log.sink ? log.sink->failed() : 0};
}

}  // namespace ringside::dashboard
