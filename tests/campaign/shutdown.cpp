// `shutdown`: a real file system is shut down under a producer, without writing its log, mounted
// again, and judged. Needs root, loop devices and mkfs; says so and is skipped where they are not.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/writer_open.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/shared_page.hpp"
#include "tests/campaign/survivor.hpp"
#include "tests/campaign/workplace.hpp"

namespace ringside::campaign {
namespace {

/// What CTest takes for "skipped".
constexpr int kSkipped = 77;

struct Options {
  std::uint64_t rounds = 20;
  std::uint64_t seed = 1;
  std::vector<std::string> kinds = {"ext4", "xfs"};
};

/// What a producer was told, in memory that outlives it.
struct Published {
  std::atomic<std::uint64_t> oldest;
  std::atomic<std::uint64_t> durable;
  std::atomic<std::uint64_t> next;
};

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT(cert-env33-c)
}

[[noreturn]] void publish_for_ever(const Bus& bus, std::uint64_t stream, std::uint64_t pause_us,
                                   Published& reported) {
  WriterOptions options;
  options.caps.capacity_bytes = 16 * kDataGranule;
  options.sync_interval = std::chrono::milliseconds(1);
  Result<Writer> writer = open_writer(bus, kCutName, options);
  if (!writer) {
    std::fprintf(stderr, "ringside_campaign: %s\n", writer.error().message.c_str());
    ::_exit(1);
  }
  while (true) {
    // A record that is being published may be seen, and may have made others go.
    reported.next.store(writer->next().value + 1);
    publish_numbered(*writer, stream);
    reported.oldest.store(writer->oldest().value);
    reported.durable.store(writer->durable().value);
    if (pause_us > 0) ::usleep(static_cast<useconds_t>(pause_us));
  }
}

/// A file system of its own in a file, mounted.
class FileSystem {
 public:
  FileSystem(const std::filesystem::path& where, const std::string& kind)
      : image_(where / (kind + ".img")), mount_(where / kind) {
    const std::string size = kind == "xfs" ? "320M" : "48M";
    std::filesystem::create_directories(mount_);
    usable_ = run("truncate -s " + size + " " + image_.string()) &&
              run("mkfs." + kind + " -q " + image_.string()) && mount();
  }
  ~FileSystem() {
    unmount();
    std::filesystem::remove(image_);
  }
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  bool is_usable() const { return usable_; }
  const std::filesystem::path& path() const { return mount_; }

  bool mount() const { return run("mount -o loop " + image_.string() + " " + mount_.string()); }
  bool unmount() const { return run("umount " + mount_.string()); }

  /// From now on nothing reaches the disk, not even the log.
  bool shut_down() const {
    constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
    std::uint32_t without_log = 2;
    const int descriptor = ::open(mount_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = descriptor >= 0 && ::ioctl(descriptor, kShutdown, &without_log) == 0;
    if (descriptor >= 0) ::close(descriptor);
    return done;
  }

 private:
  std::filesystem::path image_;
  std::filesystem::path mount_;
  bool usable_ = false;
};

Verdict one_round(const FileSystem& disk, std::uint64_t stream, Dice& dice,
                  std::uint64_t& durable_events) {
  const Bus bus(disk.path() / ("bus-" + std::to_string(stream % 1'000'000)));
  const SharedPage<Published> reported;
  const std::uint64_t pause_us = dice.between(0, 2) * 20;
  const pid_t child = ::fork();
  if (child == 0) publish_for_ever(bus, stream, pause_us, *reported);
  while (reported->durable.load() == 0) ::usleep(200);
  ::usleep(static_cast<useconds_t>(dice.between(0, 60'000)));
  const Sequence durable{reported->durable.load()};
  if (!disk.shut_down()) return "cannot shut the file system down";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const Promise promise{stream, Sequence{reported->oldest.load()}, durable,
                        Sequence{reported->next.load()}};
  if (promise.durable > promise.oldest) durable_events += promise.durable - promise.oldest;
  if (!disk.unmount() || !disk.mount()) return "cannot mount the file system again";
  const std::filesystem::path path = bus.segment_path(kCutName);
  if (!std::filesystem::exists(path)) return "the segment's name is gone";
  forget_boot(path);
  Verdict wrong = judge_survivor(bus, promise);
  if (!wrong) std::filesystem::remove_all(bus.directory());
  return wrong;
}

int shutdown(const Options& options) {
  Workplace workplace;
  Dice dice(options.seed);
  std::uint64_t done = 0;
  std::uint64_t durable_events = 0;
  std::string used;
  for (const std::string& kind : options.kinds) {
    const FileSystem disk(workplace.path(), kind);
    if (!disk.is_usable()) {
      std::fprintf(stderr,
                   "ringside_campaign: shutdown: no %s: it takes root, loop devices and mkfs.%s\n",
                   kind.c_str(), kind.c_str());
      continue;
    }
    used += used.empty() ? kind : ", " + kind;
    for (std::uint64_t round = 0; round < options.rounds; ++round, ++done) {
      std::fprintf(stderr, "\rringside_campaign: shutdown: %s, %llu of %llu ", kind.c_str(),
                   static_cast<unsigned long long>(round + 1),
                   static_cast<unsigned long long>(options.rounds));
      if (const Verdict wrong =
              one_round(disk, scatter(options.seed + done), dice, durable_events)) {
        std::fprintf(stderr, "\nringside_campaign: shutdown: %s, seed %llu, round %llu: %s\n",
                     kind.c_str(), static_cast<unsigned long long>(options.seed),
                     static_cast<unsigned long long>(round), wrong->c_str());
        return 1;
      }
    }
    std::fputs("\n", stderr);
  }
  if (done == 0) {
    std::puts("shutdown: skipped: no file system could be mounted");
    return kSkipped;
  }
  std::printf(
      "shutdown: %llu file systems shut down (%s), %llu durable events looked for: 0 lost\n",
      static_cast<unsigned long long>(done), used.c_str(),
      static_cast<unsigned long long>(durable_events));
  return 0;
}

}  // namespace

Campaign add_shutdown(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser =
      app.add_subcommand("shutdown", "Real file systems are shut down under a producer");
  parser->add_option("--rounds", options->rounds, "How often, for each kind")
      ->capture_default_str();
  parser->add_option("--seed", options->seed, "Where the dice begin")->capture_default_str();
  parser->add_option("--kind", options->kinds, "ext4, xfs")->capture_default_str();
  return {parser, [options] { return shutdown(*options); }};
}

}  // namespace ringside::campaign
