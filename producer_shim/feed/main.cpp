// ringside-feed: publishes a fit that stands in a Parquet file.
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <duckdb.h>
#include <unistd.h>

#include "bus/program/run_program.hpp"
#include "producer_shim/feed/conversion.hpp"
#include "producer_shim/feed/feed.hpp"

namespace ringside::feed {
namespace {

int exit_status(const Result<void>& result) {
  return result ? 0 : report("ringside-feed", result.error());
}

void add_options(CLI::App& app, FeedOptions& options) {
  app.add_flag(
      "--watch", options.watch,
      "Go on, and publish the file again whenever it is replaced or rewritten; a broken or "
      "half-written one is reported, and the last good fit stays");
  add_cycle_producer_options(app, options.producer, options.bus);
}

int run(int argc, char** argv) {
  CLI::App app(
      "Publishes a fit that stands in a Parquet file, as one cycle of embedding events. The file "
      "has the columns episode_id, host_id, profile, x, y, z, phase_int, predicted_int, cluster "
      "and is_train, in any order.",
      "ringside-feed");
  app.set_version_flag("--version", "ringside-feed " RINGSIDE_VERSION "\nwith DuckDB " +
                                        std::string(duckdb_library_version()));
  app.footer(kExitStatusHelp);
  FeedOptions options;
  app.add_option("FILE", options.file, "The Parquet file")->required();
  add_options(app, options);
  bool to_save = false;
  bool to_dump = false;
  auto* save_flag = app.add_flag(
      "--save", to_save,
      "Publish nothing: replace FILE by the fit on standard input, an event as --dump writes it");
  auto* dump_flag = app.add_flag("--dump", to_dump,
                                 "Publish nothing: write FILE as one embedding event "
                                 "(schemas/event.fbs) to standard output");
  save_flag->excludes(dump_flag)->excludes("--watch");
  dump_flag->excludes("--watch");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return print_help(app, help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ringside-feed: %s; see ringside-feed --help\n", error.what());
    return 2;
  }
  if (to_save) return exit_status(save(options.file));
  if (to_dump) return exit_status(dump(options.file));
  return exit_status(feed(options));
}

}  // namespace
}  // namespace ringside::feed

int main(int argc, char** argv) {
  return ringside::run_program("ringside-feed", ringside::feed::run, argc, argv);
}
