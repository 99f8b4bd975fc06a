#include "bus/bus.hpp"

#include <cstdlib>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace ringside {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

}  // namespace

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

Result<void> check_name(std::string_view what, std::string_view name) {
  if (is_name(name)) return {};
  return fail(Errc::bad_name, what, " name ", in_quotes(name),
              ": use 1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-'");
}

Bus Bus::locate(std::string_view named) {
  if (!named.empty()) return Bus(fs::path(named));
  if (const char* variable = std::getenv("RINGSIDE_BUS"); variable != nullptr && *variable != '\0')
    return Bus(fs::path(variable));
  std::error_code ignored;
  if (fs::is_directory("/run/ringside", ignored)) return Bus("/run/ringside");
  Bus bus("/dev/shm/ringside");
  bus.is_default_ = true;
  return bus;
}

fs::path Bus::segment_path(const SegmentName& name) const {
  return directory_ / name.channel / (name.producer + std::string(kSegmentSuffix));
}

Result<void> Bus::check_planted() const {
  struct stat status {};
  if (!is_default_ || ::lstat(directory_.c_str(), &status) != 0) return {};
  // Only this user and root can put something in its place.
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  if (is_ours && S_ISDIR(status.st_mode)) return {};
  return fail(Errc::bad_argument, directory_.string(), ": the default bus belongs to user ",
              std::to_string(status.st_uid),
              ", who may have put it there to be written to; if you trust that user, name it with "
              "--bus or RINGSIDE_BUS");
}

Result<void> Bus::create(const std::string& channel) const {
  RINGSIDE_CHECK(check_name("channel", channel));
  RINGSIDE_CHECK(check_planted());
  std::error_code error;
  fs::create_directories(directory_ / channel, error);
  if (error)
    return fail_errno(error.value(), "cannot create the bus directory " +
                                         (directory_ / channel).string() +
                                         " (choose another with --bus)");
  return {};
}

}  // namespace ringside
