#include "bench/live_feeds.hpp"

#include <cstring>
#include <stdexcept>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bare_live.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "tests/support/process.hpp"

namespace ringside::bench {
namespace {

class RingsideFeed final : public LiveFeed {
 public:
  RingsideFeed(const Bus& bus, const std::string& program, const std::string& mode,
               std::uint64_t ring_bytes)
      : LiveFeed("ringside, mode=" + mode),
        target_("/v1/stream?from=latest&channels=" + mode + "&mode=" + mode),
        format_(mode == "run" ? LiveFormat::runs : LiveFormat::events),
        writer_(open(bus, mode, ring_bytes)),
        dashboard_(program, bus.directory().string(), {"--log-level", "off"}) {}

  std::unique_ptr<LiveClient> connect() override {
    return std::make_unique<LiveClient>(dashboard_.port(), format_, target_);
  }
  void publish(const LiveEvent& event) override {
    if (!writer_.publish({reinterpret_cast<const std::byte*>(&event), sizeof event}))
      throw std::runtime_error("the producer refused an event");
  }
  std::optional<pid_t> server() const override {
    return const_cast<support::Dashboard&>(dashboard_).process().pid();
  }

 private:
  static Writer open(const Bus& bus, const std::string& channel, std::uint64_t ring_bytes) {
    auto writer = open_writer(bus, {channel, "bench"}, {.caps = {.capacity_bytes = ring_bytes}});
    if (!writer) throw std::runtime_error(writer.error().message);
    return std::move(*writer);
  }

  std::string target_;
  LiveFormat format_;
  Writer writer_;
  support::Dashboard dashboard_;
};

class BareFeed final : public LiveFeed {
 public:
  BareFeed(std::uint64_t ring_events, std::uint64_t run_bytes)
      : LiveFeed("bare futex and TCP"), bare_(ring_events, run_bytes) {}

  std::unique_ptr<LiveClient> connect() override {
    auto client = std::make_unique<LiveClient>(bare_.port(), LiveFormat::runs, "");
    bare_.wait_until_serving();
    return client;
  }
  void publish(const LiveEvent& event) override { bare_.publish(event); }
  void end_turn() override { bare_.end_turn(); }
  std::optional<pid_t> server() const override { return bare_.pid(); }

 private:
  BareLive bare_;
};

class DirectFeed final : public LiveFeed {
 public:
  DirectFeed() : LiveFeed("no server: the publisher sends"), listener_(listen_on_loopback(port_)) {}
  ~DirectFeed() override { ::close(listener_); }
  DirectFeed(const DirectFeed&) = delete;
  DirectFeed& operator=(const DirectFeed&) = delete;

  std::unique_ptr<LiveClient> connect() override {
    auto client = std::make_unique<LiveClient>(port_, LiveFormat::runs, "");
    socket_ = accept_client(listener_);
    return client;
  }
  void publish(const LiveEvent& event) override {
    BareRecord record;
    record.event = event;
    send_as_run(socket_, &record, 1);
  }
  void end_turn() override { ::close(socket_); }
  std::optional<pid_t> server() const override { return std::nullopt; }

 private:
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int socket_ = -1;
};

class PythonFeed final : public LiveFeed {
 public:
  PythonFeed(const std::string& python, const std::string& path)
      : LiveFeed("Python websockets, datagrams in"),
        process_({{python, RINGSIDE_PEERS "/websockets_live_peer.py", path}, {}, false}),
        socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string line = process_.wait_for_line("listening on ", std::chrono::seconds(60));
    port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(' ') + 1)));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error(path + ": too long");
    path.copy(address.sun_path, path.size());
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect to " + path);
  }
  ~PythonFeed() override { ::close(socket_); }
  PythonFeed(const PythonFeed&) = delete;
  PythonFeed& operator=(const PythonFeed&) = delete;

  std::unique_ptr<LiveClient> connect() override {
    return std::make_unique<LiveClient>(port_, LiveFormat::events, "/");
  }
  void publish(const LiveEvent& event) override {
    // Waits while the queue is full: nothing is lost, but the producer stands.
    if (::send(socket_, &event, sizeof event, 0) != static_cast<ssize_t>(sizeof event))
      throw std::runtime_error("the Python process takes no datagrams");
  }
  std::optional<pid_t> server() const override { return process_.pid(); }

 private:
  support::Process process_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace

std::unique_ptr<LiveFeed> ringside_feed(const Bus& bus, const std::string& program,
                                        const std::string& mode, std::uint64_t ring_bytes) {
  return std::make_unique<RingsideFeed>(bus, program, mode, ring_bytes);
}

std::unique_ptr<LiveFeed> bare_feed(std::uint64_t ring_events, std::uint64_t run_bytes) {
  return std::make_unique<BareFeed>(ring_events, run_bytes);
}

std::unique_ptr<LiveFeed> direct_feed() {
  return std::make_unique<DirectFeed>();
}

std::unique_ptr<LiveFeed> python_feed(const std::string& python, const std::string& socket_path) {
  return std::make_unique<PythonFeed>(python, socket_path);
}

}  // namespace ringside::bench
