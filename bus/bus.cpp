#include "bus/bus.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace ringside {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".ring";
constexpr std::string_view kSharedMemory = "/dev/shm/";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

/// Whether only this user and root can put something in a folder's place.
bool is_ours(const struct stat& folder) {
  return folder.st_uid == 0 || folder.st_uid == ::geteuid();
}

/// Adds the segments in the folder of a channel, as far as it can be read.
void list_channel(const fs::path& folder, const std::string& channel,
                  std::vector<SegmentName>& segments, std::error_code& error) {
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    const std::string file_name = file->path().filename().string();
    if (!file_name.ends_with(kSuffix)) continue;
    std::string producer = file_name.substr(0, file_name.size() - kSuffix.size());
    if (is_name(producer)) segments.push_back({channel, std::move(producer)});
  }
}

}  // namespace

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
  return directory_ / name.channel / (name.producer + std::string(kSuffix));
}

namespace {

/// Whether logind runs here and empties /dev/shm of this user's files at logout: no system user's.
bool is_emptied_at_logout() {
  constexpr uid_t kFirstOrdinaryUser = 1000;
  constexpr uid_t kLastOrdinaryUser = 60000;
  const uid_t user = ::getuid();
  return user >= kFirstOrdinaryUser && user <= kLastOrdinaryUser &&
         ::access("/run/systemd/seats", F_OK) == 0;
}

}  // namespace

std::vector<std::string> Bus::warnings() const {
  std::vector<std::string> found;
  const std::string name = directory_.string();
  if (name.starts_with(kSharedMemory) && is_emptied_at_logout())
    found.push_back(name +
                    " is emptied when you log out, unless RemoveIPC=no in logind.conf; "
                    "for a bus that stays, name a directory with --bus or RINGSIDE_BUS");
  struct stat status {};
  if (::stat(name.c_str(), &status) != 0) return found;
  if (!is_ours(status))
    found.push_back(name + " belongs to user " + std::to_string(status.st_uid) +
                    ", who can change, replace and remove all that is in it");
  else if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    found.push_back(name +
                    " can be written by everybody, who can replace and remove all that is in it; "
                    "close it with chmod o-w");
  return found;
}

Result<void> Bus::check_planted() const {
  struct stat status {};
  if (!is_default_ || ::lstat(directory_.c_str(), &status) != 0) return {};
  if (is_ours(status) && S_ISDIR(status.st_mode)) return {};
  return fail(Errc::bad_argument, directory_.string(), ": the default bus belongs to user ",
              std::to_string(status.st_uid),
              ", who may have put it there to be written to; if you trust that user, name it with "
              "--bus or RINGSIDE_BUS");
}

Result<void> Bus::create(const std::string& channel) const {
  if (auto checked = check_name("channel", channel); !checked) return checked;
  if (auto checked = check_planted(); !checked) return checked;
  std::error_code error;
  fs::create_directories(directory_ / channel, error);
  if (error)
    return fail_errno(error.value(), "cannot create the bus directory " +
                                         (directory_ / channel).string() +
                                         " (choose another with --bus)");
  return {};
}

Result<BusContents> Bus::contents() const {
  if (auto checked = check_planted(); !checked) return tl::unexpected<Error>(checked.error());
  BusContents found;
  std::error_code error;
  for (fs::directory_iterator channel(directory_, error), end; !error && channel != end;
       channel.increment(error)) {
    const std::string channel_name = channel->path().filename().string();
    if (!is_name(channel_name)) continue;
    std::error_code channel_error;
    const bool is_channel = channel->is_directory(channel_error);
    if (is_channel) list_channel(channel->path(), channel_name, found.segments, channel_error);
    // What is removed meanwhile, or a link to nothing, is not there.
    if (channel_error && channel_error != std::errc::no_such_file_or_directory)
      found.unreadable.emplace(
          channel_name,
          fail_errno(channel_error.value(), "cannot read the channel " + channel->path().string())
              .value());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail_errno(error.value(), "cannot read the bus directory " + directory_.string());
  std::sort(found.segments.begin(), found.segments.end());
  return found;
}

}  // namespace ringside
