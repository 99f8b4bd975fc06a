// `ringside`: looks into a bus, prints its events, publishes, and puts load on it.
#include <cstdio>
#include <vector>

#include <sys/stat.h>

#include "bus/inspect/contents.hpp"
#include "bus/inspect/status.hpp"
#include "bus/program/run_program.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "producer_shim/producer_options.hpp"

namespace ringside::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App app{"ringside: looks into a bus, prints its events, publishes, and puts load on it"};
  std::string bus_directory;
  app.set_version_flag("--version", "ringside " RINGSIDE_VERSION);
  app.require_subcommand(1);
  // Subcommands take it over.
  app.footer(kExitStatusHelp);
  const std::vector<Command> commands = {add_ls(app),      add_stat(app), add_tail(app),
                                         add_publish(app), add_load(app), add_verify(app)};
  // Before the subcommand and behind it.
  add_bus_option(app, bus_directory);
  for (const Command& command : commands) add_bus_option(*command.parser, bus_directory);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return print_help(app, help);
  } catch (const CLI::ParseError& error) {
    // Without a known command the word that was meant to be one is what to name.
    const std::vector<std::string> words = app.remaining();
    const std::vector<CLI::App*> commands_named = app.get_subcommands();
    if (!words.empty() && commands_named.empty())
      std::fprintf(stderr, "ringside: no such command: %s; see ringside --help\n",
                   words[0].c_str());
    else
      std::fprintf(stderr, "ringside: %s; see ringside %s--help\n", error.what(),
                   commands_named.empty() ? "" : (commands_named[0]->get_name() + " ").c_str());
    return 2;
  }
  catch_stop_signals();
  const Bus bus = Bus::locate(bus_directory);
  for (const std::string& warning : warnings_of(bus))
    std::fprintf(stderr, "ringside: warning: %s\n", warning.c_str());
  for (const Command& command : commands)
    if (command.parser->parsed()) return command.run(bus);
  return 2;
}

}  // namespace

int report(const Error& error) {
  return ringside::report("ringside", {error.code, error.os_errno, with_advice(error)});
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

void report_empty(const Bus& bus) {
  std::fprintf(stderr, "ringside: the bus %s has no segments yet; a producer creates the first\n",
               bus.directory().c_str());
}

}  // namespace ringside::cli

int main(int argc, char** argv) {
  return ringside::run_program("ringside", ringside::cli::run, argc, argv);
}
