// `ringside-dashboard`: shows a bus to browsers.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "bus/bus.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/server.hpp"

namespace ringside::dashboard {
namespace {

/// How long clients may take to be sent away before the process ends all the same.
constexpr std::chrono::milliseconds kDrainLimit{1500};

struct Options {
  std::string bus;
  std::string listen = "127.0.0.1:8765";
  std::string web;
  std::vector<std::string> origins;
  std::string log_level = "info";
};

int report(const Error& error) {
  std::fprintf(stderr, "ringside-dashboard: %s\n", error.message.c_str());
  return error.code == Errc::bad_argument ? 2 : 1;
}

/// The page that was built with this program, beside its folder.
std::string built_page() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "web").string();
}

int serve(const Options& options) {
  const Bus bus = Bus::locate(options.bus);
  std::error_code ignored;
  if (std::filesystem::exists(bus.directory(), ignored) &&
      !std::filesystem::is_directory(bus.directory(), ignored))
    return report({Errc::not_found, 0,
                   bus.directory().string() + ": not a directory; name the bus with --bus DIR"});
  asio::io_context loop(1);
  BusView view(loop, bus);
  std::optional<StaticFiles> files;
  const bool named = !options.web.empty();
  if (Result<StaticFiles> opened = StaticFiles::open(named ? options.web : built_page()); opened)
    files = std::move(*opened);
  else if (named)
    return report(opened.error());
  // Events move on to sockets by splice(), which knows no MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  Result<EventPipe> pipe = EventPipe::open();
  if (!pipe) return report(pipe.error());
  Server server(loop, view, std::move(*pipe), std::move(files), options.origins);
  if (const Result<void> listening = server.listen(options.listen); !listening)
    return report(listening.error());
  // Before the first client is served, so that none is told that a segment is gone which is only
  // not yet read.
  view.start();
  server.start();
  std::printf("listening on http://%s\n", server.address().c_str());
  std::fflush(stdout);

  asio::steady_timer drain(loop);
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const asio::error_code& error, int) {
    if (error) return;
    signals.clear();  // a second signal ends it at once
    drain.expires_after(kDrainLimit);
    drain.async_wait([&loop](const asio::error_code&) { loop.stop(); });
    server.stop([&drain] { drain.cancel(); });
  });
  loop.run();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app{"ringside-dashboard: shows a bus to browsers"};
  Options options;
  app.add_option("--bus", options.bus,
                 "The bus directory (default: $RINGSIDE_BUS, else /run/ringside where that exists, "
                 "else /dev/shm/ringside)");
  app.add_option("--listen", options.listen, "HOST:PORT to serve on; port 0 picks a free one")
      ->capture_default_str();
  app.add_option("--web", options.web,
                 "The folder of the page (default: the one built with this program)");
  app.add_option(
         "--origin", options.origins,
         "SCHEME://HOST[:PORT] whose pages may open the stream, besides the dashboard's own; "
         "repeatable")
      ->expected(1)
      ->take_all();
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  app.set_version_flag("--version", "ringside-dashboard " RINGSIDE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ringside-dashboard: %s; see ringside-dashboard --help\n", error.what());
    return 2;
  }
  // The log goes to standard error: standard output is for the one line that scripts wait for.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("ringside-dashboard"));
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  return serve(options);
}

}  // namespace
}  // namespace ringside::dashboard

int main(int argc, char** argv) {
  try {
    return ringside::dashboard::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringside-dashboard: %s\n", error.what());
    return 1;
  }
}
