#include "bench/bare_server.hpp"

#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/reader.hpp"

namespace ringside::bench {
namespace {

[[noreturn]] void serve(int listener, const Reader& reader, std::uint64_t chunk_bytes) {
  while (true) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Sequence cursor = reader.window().from;
    Run run;
    SequenceRange gap;
    if (reader.take(cursor, {.bytes = ~std::uint64_t{0} / 2}, run, gap) == Take::run) {
      Bytes left = run.bytes;
      while (!left.empty()) {
        const std::size_t part =
            chunk_bytes == 0 ? left.size() : std::min<std::size_t>(left.size(), chunk_bytes);
        const ssize_t sent = ::send(client, left.data(), part, MSG_NOSIGNAL);
        if (sent <= 0) break;
        left = left.subspan(static_cast<std::size_t>(sent));
      }
    }
    ::shutdown(client, SHUT_WR);
    ::close(client);
  }
}

}  // namespace

BareServer::BareServer(const Bus& bus, const SegmentName& name, std::uint64_t chunk_bytes) {
  const Result<Reader> reader = Reader::open(bus, name);
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
