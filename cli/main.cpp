// `ringside`: looks into a bus, prints its events, publishes, and puts load on it.
#include <algorithm>
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
      say("no such command: ", words[0], "; see ringside --help");
    else
      say(error.what(), "; see ringside ",
          commands_named.empty() ? "" : commands_named[0]->get_name() + " ", "--help");
    return 2;
  }
  catch_stop_signals();
  const Bus bus = Bus::locate(bus_directory);
  for (const std::string& warning : warnings_of(bus)) say("warning: ", warning);
  const auto asked = std::ranges::find_if(
      commands, [](const Command& command) { return command.parser->parsed(); });
  const Result<int> status = asked->run(bus);
  return status ? *status : report(status.error());
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
  say("the bus ", bus.directory().string(), " has no segments yet; a producer creates the first");
}

}  // namespace ringside::cli

int main(int argc, char** argv) {
  return ringside::run_program("ringside", ringside::cli::run, argc, argv);
}
