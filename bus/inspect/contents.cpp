#include "bus/inspect/contents.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace ringside {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSharedMemory = "/dev/shm/";

/// Adds the segments in the folder of a channel, as far as it can be read.
void list_channel(const fs::path& folder, const std::string& channel,
                  std::vector<SegmentName>& segments, std::error_code& error) {
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    const std::string file_name = file->path().filename().string();
    if (!file_name.ends_with(kSegmentSuffix)) continue;
    std::string producer = file_name.substr(0, file_name.size() - kSegmentSuffix.size());
    if (is_name(producer)) segments.push_back({channel, std::move(producer)});
  }
}

/// Whether logind runs here and empties /dev/shm of this user's files at logout: no system user's.
bool is_emptied_at_logout() {
  constexpr uid_t kFirstOrdinaryUser = 1000;
  constexpr uid_t kLastOrdinaryUser = 60000;
  const uid_t user = ::getuid();
  return user >= kFirstOrdinaryUser && user <= kLastOrdinaryUser &&
         ::access("/run/systemd/seats", F_OK) == 0;
}

}  // namespace

Result<BusContents> contents_of(const Bus& bus) {
  RINGSIDE_CHECK(bus.check_planted());
  BusContents found;
  std::error_code error;
  for (fs::directory_iterator channel(bus.directory(), error), end; !error && channel != end;
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
    return fail_errno(error.value(), "cannot read the bus directory " + bus.directory().string());
  std::sort(found.segments.begin(), found.segments.end());
  return found;
}

std::vector<std::string> warnings_of(const Bus& bus) {
  std::vector<std::string> found;
  const std::string name = bus.directory().string();
  if (name.starts_with(kSharedMemory) && is_emptied_at_logout())
    found.push_back(name +
                    " is emptied when you log out, unless RemoveIPC=no in logind.conf; "
                    "for a bus that stays, name a directory with --bus or RINGSIDE_BUS");
  struct stat status {};
  if (::stat(name.c_str(), &status) != 0) return found;
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  if (!is_ours)
    found.push_back(name + " belongs to user " + std::to_string(status.st_uid) +
                    ", who can change, replace and remove all that is in it");
  else if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    found.push_back(name +
                    " can be written by everybody, who can replace and remove all that is in it; "
                    "close it with chmod o-w");
  return found;
}

}  // namespace ringside
