// ringside-knn: the producer of the scatter. Each subcommand has a file of its own.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "bus/program/run_program.hpp"
#include "producer_shim/knn/commands.hpp"
#include "producer_shim/producer_options.hpp"

namespace {

int run(int argc, char** argv) {
  CLI::App app("Computes the fit of a scatter and publishes it as embedding events.",
               "ringside-knn");
  app.set_version_flag("--version", "ringside-knn " RINGSIDE_VERSION);
  app.footer(ringside::kExitStatusHelp);
  app.require_subcommand(1);
  int exit_status = 0;
  ringside::knn::add_produce_command(app, exit_status);
  ringside::knn::add_stream_command(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return ringside::print_help(app, help);
  } catch (const CLI::ParseError& error) {
    const std::vector<CLI::App*> named = app.get_subcommands();
    std::fprintf(stderr, "ringside-knn: %s; see ringside-knn %s--help\n", error.what(),
                 named.empty() ? "" : (named[0]->get_name() + " ").c_str());
    return 2;
  }
  return exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  return ringside::run_program("ringside-knn", run, argc, argv);
}
