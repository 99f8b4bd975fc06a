// `ringside`: looks into a bus, prints its events, publishes, and puts load on it.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <vector>

#include <sys/stat.h>

#include "bus/cli/commands.hpp"
#include "bus/standard_streams.hpp"
#include "bus/status.hpp"

namespace ringside::cli {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  stop.store(true, std::memory_order_relaxed);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int run(int argc, char** argv) {
  CLI::App app{"ringside: looks into a bus, prints its events, publishes, and puts load on it"};
  std::string bus_directory;
  app.add_option("--bus", bus_directory,
                 "The bus directory (default: $RINGSIDE_BUS, else /run/ringside where that exists, "
                 "else /dev/shm/ringside)");
  app.set_version_flag("--version", "ringside " RINGSIDE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  const std::vector<Command> commands = {add_ls(app),      add_stat(app), add_tail(app),
                                         add_publish(app), add_load(app), add_verify(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    // Without a known command the word that was meant to be one is what to name.
    const std::vector<std::string> words = app.remaining();
    if (!words.empty() && app.get_subcommands().empty())
      std::fprintf(stderr, "ringside: no such command: %s; see ringside --help\n",
                   words[0].c_str());
    else
      std::fprintf(stderr, "ringside: %s; see ringside --help\n", error.what());
    return 2;
  }
  handle_signals();
  const Bus bus = Bus::locate(bus_directory);
  for (const std::string& warning : bus.warnings())
    std::fprintf(stderr, "ringside: warning: %s\n", warning.c_str());
  for (const Command& command : commands)
    if (command.parser->parsed()) return command.run(bus);
  return 2;
}

}  // namespace

int report(const Error& error) {
  std::fprintf(stderr, "ringside: %s\n", with_advice(error).c_str());
  return error.code == Errc::bad_name || error.code == Errc::bad_argument ? 2 : 1;
}

Result<void> require_bus(const Bus& bus) {
  struct stat status {};
  const std::string directory = bus.directory().string();
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail_errno(errno, "cannot look into the bus " + directory);
    return fail(Errc::not_found, "there is no bus at ", directory,
                "; start a producer there, or name another with --bus or RINGSIDE_BUS");
  }
  if (!S_ISDIR(status.st_mode))
    return fail(Errc::not_found, directory,
                ": not a directory, so not a bus; name another with --bus or RINGSIDE_BUS");
  return {};
}

void tell_empty(const Bus& bus) {
  std::fprintf(stderr, "ringside: the bus %s has no segments yet; a producer makes the first\n",
               bus.directory().c_str());
}

bool stop_requested() {
  return stop.load(std::memory_order_relaxed);
}

}  // namespace ringside::cli

int main(int argc, char** argv) {
  ringside::occupy_standard_streams();
  try {
    return ringside::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringside: %s\n", error.what());
    return 1;
  }
}
