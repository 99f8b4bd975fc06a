// `ringside-dashboard`: shows a bus to browsers.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "bus/bus.hpp"
#include "bus/program/numbers.hpp"
#include "bus/program/run_program.hpp"
#include "dashboard_reader/access.hpp"
#include "dashboard_reader/announcement.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/descriptors.hpp"
#include "dashboard_reader/hand_over.hpp"
#include "dashboard_reader/lifecycle.hpp"
#include "dashboard_reader/listener.hpp"
#include "dashboard_reader/log.hpp"
#include "dashboard_reader/server.hpp"

namespace ringside::dashboard {
namespace {

struct Options {
  std::string bus;
  std::string listen = "127.0.0.1:8765";
  std::string web;
  std::string data;
  AccessOptions access;
  AdmissionLimits limits;
  std::string ping_interval = "20s";
  bool echo = false;
  std::string log_level = "info";
  bool log_json = false;
  char** arguments = nullptr;  // as they were given, for a successor
};

/// The page that was built or installed with this program.
std::string own_page() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto prefix = program.parent_path().parent_path();
  const auto installed = prefix / "share/ringside/web";
  return (std::filesystem::exists(installed, error) ? installed : prefix / "web").string();
}

/// The folders that are served; the page that was built with this program may be missing.
Result<void> open_folders(const Options& options, ServerOptions& server) {
  const bool named = !options.web.empty();
  Result<StaticFiles> page =
      StaticFiles::open(named ? options.web : own_page(), "--web", StaticFiles::Kind::page);
  if (page) server.page = std::move(*page);
  if (!page && named) return tl::unexpected(page.error());
  if (options.data.empty()) return {};
  RINGSIDE_TRY(server.data, StaticFiles::open(options.data, "--data", StaticFiles::Kind::data));
  return {};
}

/// Divides what may be open between streams, requests and segments; streams may become fewer.
DescriptorShares divide_descriptors(AdmissionLimits& limits) {
  const std::size_t limit = raise_descriptor_limit();
  const DescriptorShares shares = share_descriptors(limit, limits.clients);
  if (shares.streams < limits.clients)
    spdlog::warn(
        "no more than {} clients instead of {}: the system gives this process {} files; "
        "raise it with ulimit -n or LimitNOFILE=",
        shares.streams, limits.clients, limit);
  limits.clients = shares.streams;
  return shares;
}

/// Nothing can be wrong with a bus that does not exist yet, but it may be the wrong one.
void warn_of_missing(const Bus& bus) {
  std::error_code error;
  if (!std::filesystem::exists(bus.directory(), error) && !error)
    spdlog::warn(
        "there is no bus at {} yet; it is served once a producer makes it; name another with "
        "--bus or RINGSIDE_BUS",
        bus.directory().string());
}

Result<void> check_exposure(const asio::ip::tcp::acceptor& listener, const Access& access) {
  if (is_loopback(listener) || access.has_token()) return {};
  return fail(
      Errc::bad_argument, "listening on ", address_of(listener),
      ", beyond this machine, needs a token: make one with (umask 077; openssl rand -hex 32 "
      "> token) and add --token-file token");
}

Result<void> serve(const Options& options) {
  const Bus bus = Bus::locate(options.bus);
  std::error_code ignored;
  if (std::filesystem::exists(bus.directory(), ignored) &&
      !std::filesystem::is_directory(bus.directory(), ignored))
    return fail(Errc::not_found, bus.directory().string(),
                ": not a directory; name the bus with --bus DIR");
  ServerOptions server_options;
  server_options.limits = options.limits;
  server_options.echo = options.echo;
  const Result<std::chrono::nanoseconds> ping_interval = parse_duration(options.ping_interval);
  if (!ping_interval || ping_interval->count() <= 0)
    return fail(Errc::bad_argument, "--ping-interval ", options.ping_interval,
                ": use a duration such as 20s");
  server_options.ping_interval = *ping_interval;
  RINGSIDE_CHECK(open_folders(options, server_options));
  RINGSIDE_TRY(Access access, Access::read(options.access));
  const DescriptorShares shares = divide_descriptors(server_options.limits);
  server_options.max_requests = shares.requests;
  asio::io_context loop(1);
  RINGSIDE_TRY(asio::ip::tcp::acceptor listener, open_listener(loop, options.listen));
  RINGSIDE_CHECK(check_exposure(listener, access));
  BusView view(loop, bus, shares.segments);
  Server server(loop, std::move(listener), view, access, std::move(server_options));
  Lifecycle operation(loop, server, access, options.arguments);
  // From here on it ends in order when it is asked to, and whoever reads this may ask.
  warn_of_missing(bus);
  // Before the first client is served, so that none sees a segment as gone that is only not read
  // yet.
  view.start();
  server.start();
  log_fields(spdlog::level::info, "serving",
             {{"version", RINGSIDE_VERSION},
              {"bus", bus.directory().string()},
              {"address", server.address()},
              {"token", access.has_token()},
              {"clients", shares.streams},
              {"requests", shares.requests},
              {"segments", shares.segments}});
  const Announcement announcement(loop, "listening on http://" + server.address() + "\n");
  ::sd_notify(0, "READY=1");
  end_predecessor();
  loop.run();
  log_fields(spdlog::level::info, "ended", {{"signal", operation.signal()}});
  return {};
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--bus", options.bus, kBusHelp)
      ->type_name("DIR")
      // Such as "$BUS" of a script that has not set it: never meant to be the default.
      ->check(CLI::Validator(
          [](const std::string& text) {
            return std::string(text.empty() ? "needs the name of a directory" : "");
          },
          ""));
  app.add_option("--listen", options.listen,
                 "HOST:PORT to serve on; port 0 picks a free one; beyond loopback, --token-file is "
                 "needed. With LISTEN_FDS (systemd), that socket is served instead")
      ->capture_default_str();
  app.add_option("--web", options.web,
                 "The folder of the page (default: the one built with this program)");
  app.add_option("--data", options.data,
                 "A folder to serve as /data/, such as that of a saved fit");
  app.add_option("--token-file", options.access.token_file,
                 "A file with the token that clients must give (?token=T, or Authorization: Bearer "
                 "T); read again on SIGHUP");
  app.add_option("--origin", options.access.origins,
                 "SCHEME://HOST[:PORT] that the dashboard is known by, or whose pages may open the "
                 "stream, besides its own; repeatable")
      ->expected(1)
      ->take_all();
  app.add_option("--origin-file", options.access.origin_file,
                 "A file with more of them, a line each; read again on SIGHUP");
  app.add_option("--max-clients", options.limits.clients, "Streams at a time; 503 beyond")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--max-clients-per-address", options.limits.per_address,
                 "Streams of one address at a time (default: 256, and any number from loopback, "
                 "where a proxy stands for many)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  app.add_option("--ping-interval", options.ping_interval,
                 "A client that is silent for so long is pinged, and one that then stays silent "
                 "for as long again is sent away (4001)")
      ->capture_default_str();
  app.add_flag("--echo", options.echo,
               "Serve /v1/echo, which sends every message back, for WebSocket conformance suites");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  app.add_flag("--log-json", options.log_json, "Log a JSON object a line");
  app.footer(
      "Signals: SIGTERM drains and ends, SIGHUP reads token and origins again, SIGUSR2 "
      "starts the program\nagain in place of this one without refusing a connection.\n" +
      std::string(kExitStatusHelp));
  app.set_version_flag("--version", "ringside-dashboard " RINGSIDE_VERSION);
}

int run(int argc, char** argv) {
  CLI::App app{"ringside-dashboard: shows a bus to browsers"};
  Options options;
  options.arguments = argv;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    // Not to std::cout, which flushes and forgets why that failed.
    std::ostringstream text;
    const int status = app.exit(help, text, text);
    std::fputs(text.str().c_str(), stdout);
    return status;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ringside-dashboard: %s; see ringside-dashboard --help\n", error.what());
    return 2;
  }
  // The log goes to standard error: standard output is for the one line that scripts wait for.
  open_log({.level = spdlog::level::from_str(options.log_level), .json = options.log_json});
  // Whoever reads our output may go away: that is an error of a write, and not our end.
  std::signal(SIGPIPE, SIG_IGN);
  const Result<void> served = serve(options);
  const bool logged = close_log();
  const int status = served ? 0 : report("ringside-dashboard", served.error());
  if (!logged) std::_Exit(status);
  return status;
}

}  // namespace
}  // namespace ringside::dashboard

int main(int argc, char** argv) {
  return ringside::run_program("ringside-dashboard", ringside::dashboard::run, argc, argv);
}
