#include "producer_shim/knn/parquet_fit.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/os/file.hpp"

namespace ringside::knn {
namespace {

constexpr const char* kProgram = "ringside-feed";

/// Writes to a file in memory; an errno, or 0.
int write_all(const File& file, std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::pwrite(file.descriptor(), bytes.data() + done, bytes.size() - done,
                                   static_cast<off_t>(done));
    if (wrote < 0 && errno != EINTR) return errno;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  return 0;
}

/// Reads all of a file in memory; an errno, or 0.
int read_all(const File& file, std::vector<std::uint8_t>& bytes) {
  const off_t size = ::lseek(file.descriptor(), 0, SEEK_END);
  if (size < 0) return errno;
  bytes.resize(static_cast<std::size_t>(size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(file.descriptor(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(done));
    if (got == 0) return EIO;
    if (got < 0 && errno != EINTR) return errno;
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return 0;
}

/// The program's path; just its name if it does not stand beside this one.
std::string feeder() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / kProgram;
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : kProgram;
}

tl::unexpected<Error> no_feeder(const std::filesystem::path& path) {
  return fail(Errc::not_found, "a Parquet file such as ", path.string(), " needs ", kProgram,
              ", which is not here; it is built where DuckDB is found (scripts/duckdb.sh brings "
              "it; then build again), or name a .fit instead, which needs nothing");
}

struct Child {
  std::vector<std::string> arguments;
  int descriptor;  ///< what its standard input or output is to be
  int stands_for;
};

/// Runs the feeder to its end: its status as waitpid(2) gives it. Fails as posix_spawn(3) does.
Result<int> run(const Child& child) {
  const std::string program = feeder();
  std::vector<char*> arguments;
  // posix_spawn's interface predates const; it does not write.
  arguments.push_back(const_cast<char*>(kProgram));
  for (const std::string& text : child.arguments)
    arguments.push_back(const_cast<char*>(text.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, child.descriptor, child.stands_for);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno(error, "cannot run " + program);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail_errno(errno, "cannot wait for " + program);
  return status;
}

/// What the end of a feeder's run means for `path`.
Result<void> outcome(const Result<int>& status, const std::filesystem::path& path) {
  if (!status && status.error().os_errno == ENOENT) return no_feeder(path);
  if (!status) return tl::unexpected<Error>(status.error());
  if (*status == 0) return {};
  const std::string how = WIFSIGNALED(*status)
                              ? " was killed by signal " + std::to_string(WTERMSIG(*status))
                              : " failed with status " + std::to_string(WEXITSTATUS(*status));
  return fail(Errc::system, kProgram, how, " over ", path.string(), " (its message is above)");
}

/// Lets the feeder do with `path` what `option` says. `memory` is a file in memory, which never
/// blocks and never signals, as a pipe may.
Result<void> convert(const std::filesystem::path& path, const char* option, const File& memory,
                     int stands_for) {
  // As an absolute path, no file is taken for an option.
  return outcome(
      run({{std::filesystem::absolute(path).string(), option}, memory.descriptor(), stands_for}),
      path);
}

}  // namespace

bool is_parquet(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".parquet";
}

Result<void> check_parquet(const std::filesystem::path& path) {
  // Of a feeder that was built without DuckDB, this alone fails, with the reason.
  RINGSIDE_TRY(const File unread, File::create_in_memory(0));
  return outcome(run({{"--save", "--version"}, unread.descriptor(), STDOUT_FILENO}), path);
}

Result<void> write_parquet(const std::filesystem::path& path, std::span<const std::uint8_t> fit) {
  RINGSIDE_TRY(const File memory, File::create_in_memory(0));
  if (const int error = write_all(memory, fit); error != 0)
    return fail_errno(error, "cannot hand over the fit for " + path.string());
  return convert(path, "--save", memory, STDIN_FILENO);
}

Result<std::vector<std::uint8_t>> read_parquet(const std::filesystem::path& path) {
  // The feeder would say so too, but without the advice how to make one.
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return fail_errno(ENOENT, "cannot read the fit " + path.string());
  RINGSIDE_TRY(const File memory, File::create_in_memory(0));
  RINGSIDE_CHECK(convert(path, "--dump", memory, STDOUT_FILENO));
  std::vector<std::uint8_t> bytes;
  if (const int error = read_all(memory, bytes); error != 0)
    return fail_errno(error, "cannot take over the fit of " + path.string());
  return bytes;
}

}  // namespace ringside::knn
