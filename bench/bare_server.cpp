#include "bench/bare_server.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "dashboard_reader/http/http_response.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::bench {
namespace {

constexpr std::size_t kRunHeaderBytes = 32;

/// The request up to its empty line; empty if the client is gone.
std::string receive_request(int client) {
  std::string request;
  std::array<char, 4096> bytes{};
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(client, bytes.data(), bytes.size(), 0);
    if (got <= 0) return {};
    request.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return request;
}

std::string accept_upgrade(const std::string& request) {
  constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(kKey);
  const std::size_t begin = at == std::string::npos ? request.size() : at + kKey.size();
  const auto accept =
      dashboard::accept_key(request.substr(begin, request.find('\r', begin) - begin));
  if (!accept) return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  return dashboard::switching_protocols(*accept);
}

bool send_all(int client, std::array<iovec, 3> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  while (message.msg_iovlen > 0) {
    const ssize_t sent = ::sendmsg(client, &message, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    auto left = static_cast<std::size_t>(sent);
    while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
      left -= message.msg_iov->iov_len;
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    if (message.msg_iovlen == 0) return true;
    message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + left;
    message.msg_iov->iov_len -= left;
  }
  return true;
}

std::string frame_head(dashboard::Opcode opcode, std::uint64_t size) {
  const dashboard::FrameHead head = dashboard::encode_head(opcode, false, size);
  return {reinterpret_cast<const char*>(head.bytes.data()), head.size};
}

std::string run_header(Epoch epoch, const Run& run) {
  const std::array<std::uint64_t, 2> numbers{epoch.value, run.first.value};
  const std::array<std::uint32_t, 2> counts{run.count,
                                            static_cast<std::uint32_t>(run.bytes.size())};
  std::string header(kRunHeaderBytes, '\0');
  std::memcpy(header.data(), numbers.data(), sizeof numbers);
  std::memcpy(header.data() + sizeof numbers, counts.data(), sizeof counts);
  return header;
}

/// The window as one message, a fragment a write; the last write also brings its FIN and `live`.
void send_window(int client, Epoch epoch, const Run& run, std::uint64_t chunk_bytes) {
  const std::string end = std::string("\x80\x00\x81\x0F", 4) + R"({"type":"live"})";
  Bytes left = run.bytes;
  for (bool first = true; first || !left.empty(); first = false) {
    const std::size_t part =
        chunk_bytes == 0 ? left.size() : std::min<std::size_t>(left.size(), chunk_bytes);
    std::string head = first ? frame_head(dashboard::Opcode::binary, kRunHeaderBytes + part) +
                                   run_header(epoch, run)
                             : frame_head(dashboard::Opcode::continuation, part);
    const bool last = part == left.size();
    if (!send_all(client, {iovec{head.data(), head.size()},
                           iovec{const_cast<std::byte*>(left.data()), part},
                           iovec{const_cast<char*>(end.data()), last ? end.size() : 0}}))
      return;
    left = left.subspan(part);
  }
}

[[noreturn]] void serve(int listener, const Reader& reader, std::uint64_t chunk_bytes) {
  while (true) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::string request = receive_request(client);
    if (!request.empty()) {
      const std::string answer = accept_upgrade(request);
      Sequence cursor = reader.window().from;
      Run run;
      SequenceRange gap;
      if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) > 0 &&
          reader.next_run(cursor, {.bytes = ~std::uint64_t{0} / 2}, run, gap) == RunOutcome::run)
        send_window(client, reader.epoch(), run, chunk_bytes);
    }
    ::shutdown(client, SHUT_WR);
    ::close(client);
  }
}

}  // namespace

BareServer::BareServer(const Bus& bus, const SegmentName& name, std::uint64_t chunk_bytes) {
  const Result<Reader> reader = open_reader(bus, name);
  if (!reader) throw std::runtime_error(reader.error().message);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener, *reader, chunk_bytes);
  }
  ::close(listener);
}

BareServer::~BareServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace ringside::bench
