#include "tests/campaign/many_clients.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/stream_client.hpp"

namespace ringside::campaign {
namespace {

/// Clients of one address have some 28,000 ports; each address gets this many clients in turn.
constexpr std::uint64_t kPerAddress = 10'000;

/// More than the answer to the upgrade, hello, and what announces a segment.
constexpr int kBeforeReplay = 800;

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void leave(int socket, bool politely) {
  if (politely) {
    const std::string close = support::client_frame(0x88, std::string("\x03\xE8", 2));
    if (::send(socket, close.data(), close.size(), MSG_NOSIGNAL) < 0) errno = 0;
  } else {
    const linger reset{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  ::close(socket);
}

}  // namespace

void allow_descriptors(std::uint64_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = count;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, count);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    give_up("cannot have " + std::to_string(count) + " files; raise ulimit -n");
}

int open_stream(std::uint16_t port, const std::string& target, std::uint64_t number,
                int receive_buffer) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) give_up("socket");
  if (receive_buffer > 0)
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr =
      htonl(0x7F010001U + static_cast<std::uint32_t>(number / kPerAddress % 250 * 256));
  // The port is chosen at connect, when the other side is known.
  const int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    give_up("cannot connect");
  const std::string request =
      "GET " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) give_up("cannot ask");
  return socket;
}

std::uint64_t private_bytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::uint64_t bytes = 0;
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if ((word == "RssAnon:" || word == "VmSwap:") && status >> kilobytes) bytes += kilobytes * 1024;
  }
  return bytes;
}

bool is_beyond(std::uint64_t bytes, std::uint64_t limit) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  if (bytes > limit) std::fputs("memory is not judged: built with a sanitizer\n", stderr);
  return false;
#else
  return bytes > limit;
#endif
}

std::uint64_t open_descriptors(int pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::uint64_t>(std::distance(begin(all), end(all)));
}

Crowd::~Crowd() {
  for (const int socket : sockets_) ::close(socket);
}

std::size_t Crowd::count_with(const std::string& text) const {
  std::size_t found = 0;
  std::array<char, 65536> buffer{};
  for (const int socket : sockets_) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) throw std::runtime_error("a stream was ended by the dashboard");
    if (got < 0) continue;
    const std::string_view seen(buffer.data(), static_cast<std::size_t>(got));
    if (seen.find(text) != std::string_view::npos) ++found;
  }
  return found;
}

std::size_t Crowd::count_upgraded() const {
  std::size_t count = 0;
  constexpr std::string_view kUpgraded = "HTTP/1.1 101 ";
  std::array<char, kUpgraded.size()> head{};
  for (const int socket : sockets_) {
    const ssize_t got = ::recv(socket, head.data(), head.size(), MSG_DONTWAIT | MSG_PEEK);
    if (got == static_cast<ssize_t>(head.size()) &&
        std::string_view(head.data(), head.size()) == kUpgraded)
      ++count;
  }
  return count;
}

std::size_t Crowd::count_waiting() const {
  std::size_t count = 0;
  for (const int socket : sockets_) {
    tcp_info info{};
    socklen_t size = sizeof info;
    int waiting = 0;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
        info.tcpi_state == TCP_ESTABLISHED && ::ioctl(socket, FIONREAD, &waiting) == 0 &&
        waiting > kBeforeReplay)
      ++count;
  }
  return count;
}

void churn(std::uint16_t port, const std::string& target, std::uint64_t count,
           std::uint64_t in_flight, const std::string& text,
           const std::function<void(std::uint64_t)>& progress) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  if (poll < 0) give_up("epoll");
  std::map<int, std::string> seen;  // by socket
  std::uint64_t opened = 0;
  std::uint64_t left = 0;
  std::array<epoll_event, 256> events{};
  std::array<char, 16384> buffer{};
  while (left < count) {
    for (; opened < count && seen.size() < in_flight; ++opened) {
      const int socket = open_stream(port, target, opened);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = socket;
      ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
      seen.emplace(socket, std::string());
    }
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10'000);
    if (ready <= 0) throw std::runtime_error("no answer within 10 s");
    for (int i = 0; i < ready; ++i) {
      const int socket = events.at(static_cast<std::size_t>(i)).data.fd;
      const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) throw std::runtime_error("a stream ended before its time");
      std::string& bytes = seen.at(socket);
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
      if (bytes.size() >= 13 && !bytes.starts_with("HTTP/1.1 101 "))
        throw std::runtime_error(bytes.substr(0, 80));
      if (bytes.find(text) == std::string::npos) continue;
      seen.erase(socket);
      leave(socket, left % 2 == 0);
      if (++left % std::max<std::uint64_t>(count / 10, 1) == 0) progress(left);
    }
  }
  ::close(poll);
}

}  // namespace ringside::campaign
