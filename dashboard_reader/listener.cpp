#include "dashboard_reader/listener.hpp"

#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "bus/program/numbers.hpp"

namespace ringside::dashboard {
namespace {

using asio::ip::tcp;

/// The kernel hands a connection over with its request already there: one wake-up instead of two.
/// One that stays silent is handed over after this time, and then has to hurry.
constexpr int kDeferAcceptS = 10;
/// What the kernel may hold for a client beyond what is on its way: a client that reads slowly
/// falls behind in the ring, not in kernel memory, and a crowd of them takes no processor first.
constexpr int kUnsentBytes = 512 * 1024;

/// For the connections, which inherit it.
void set_tcp_options(tcp::acceptor& listener, asio::error_code& error) {
  listener.set_option(tcp::no_delay(true), error);
  const int socket = listener.native_handle();
  ::setsockopt(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, &kDeferAcceptS, sizeof kDeferAcceptS);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

Result<tcp::endpoint> parse_endpoint(asio::io_context& loop, const std::string& host_and_port) {
  const std::size_t colon = host_and_port.rfind(':');
  std::string host = host_and_port.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "" : host_and_port.substr(colon + 1);
  const auto number = parse_whole<std::uint16_t>(port);
  if (colon == std::string::npos || host.empty() || !number ||
      (!bracketed && host.find(':') != std::string::npos))
    return fail(Errc::bad_argument, "--listen ", host_and_port,
                ": use HOST:PORT, such as 127.0.0.1:8765 or [::1]:8765, and a port up to 65535");
  asio::error_code error;
  // An address needs no resolver, whose first use costs milliseconds.
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(address, *number);
  if (host == "*")
    return fail(Errc::bad_argument, "--listen ", host_and_port,
                ": for all addresses use 0.0.0.0:", port, " or [::]:", port);
  tcp::resolver resolver(loop);
  const auto found = resolver.resolve(host, port, error);
  if (error)
    return fail(Errc::bad_argument, "--listen ", host_and_port,
                ": no such host: ", error.message());
  return found.begin()->endpoint();
}

Result<tcp::acceptor> take_over(asio::io_context& loop, int count) {
  constexpr int kSocket = SD_LISTEN_FDS_START;
  const bool v6 = ::sd_is_socket(kSocket, AF_INET6, SOCK_STREAM, 1) > 0;
  if (count != 1 || (!v6 && ::sd_is_socket(kSocket, AF_INET, SOCK_STREAM, 1) <= 0))
    return fail(Errc::bad_argument, "LISTEN_FDS=", std::to_string(count),
                ": needs to be one listening TCP socket");
  tcp::acceptor listener(loop);
  asio::error_code error;
  listener.assign(v6 ? tcp::v6() : tcp::v4(), kSocket, error);
  if (error) return fail_errno(error.value(), "cannot take over the listening socket");
  return listener;
}

}  // namespace

Result<tcp::acceptor> open_listener(asio::io_context& loop, const std::string& host_and_port) {
  const int inherited = ::sd_listen_fds(1);
  if (inherited < 0) return fail_errno(-inherited, "LISTEN_FDS cannot be used");
  asio::error_code error;
  tcp::acceptor listener(loop);
  if (inherited > 0) {
    RINGSIDE_TRY(listener, take_over(loop, inherited));
  } else {
    RINGSIDE_TRY(const tcp::endpoint endpoint, parse_endpoint(loop, host_and_port));
    listener.open(endpoint.protocol(), error);
    if (!error) listener.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) listener.bind(endpoint, error);
    if (!error) listener.listen(asio::socket_base::max_listen_connections, error);
  }
  if (!error) set_tcp_options(listener, error);
  if (!error) return listener;
  if (error == asio::error::address_in_use)
    return fail(Errc::in_use, "cannot listen on ", host_and_port,
                ": the port is taken; choose another with --listen HOST:PORT (0 picks a free one)");
  Error failure = fail_errno(error.value(), "cannot listen on " + host_and_port).value();
  if (error == asio::error::access_denied)
    failure.message +=
        " (ports below 1024 are root's: choose a higher one, or have systemd hold the socket)";
  if (error.value() == EADDRNOTAVAIL)
    failure.message += " (this machine has no such address; ip address lists those that it has)";
  return tl::unexpected(std::move(failure));
}

std::string address_of(const tcp::acceptor& listener) {
  asio::error_code error;
  return address_of(listener.local_endpoint(error));
}

std::string address_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

bool is_loopback(const tcp::acceptor& listener) {
  asio::error_code error;
  return listener.local_endpoint(error).address().is_loopback();
}

}  // namespace ringside::dashboard
