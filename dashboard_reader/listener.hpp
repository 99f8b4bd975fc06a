// The listening socket: bound here, or handed over by whoever started this process (systemd's
// socket activation, or the dashboard that this one replaces), so that a restart refuses
// nobody: while no process accepts, the kernel keeps connections waiting.
#pragma once

#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "bus/result.hpp"

namespace ringside::dashboard {

/// The socket of LISTEN_FDS (sd_listen_fds(3)) if there is one, else one bound to HOST:PORT (port 0
/// picks a free one; an IPv6 address stands in brackets). Fails with in_use if the port is taken.
Result<asio::ip::tcp::acceptor> open_listener(asio::io_context& loop,
                                              const std::string& host_and_port);

/// HOST:PORT as it came to be, or of a client.
std::string address_of(const asio::ip::tcp::acceptor& listener);
std::string address_of(const asio::ip::tcp::endpoint& endpoint);

/// Whether only this machine can reach it.
bool is_loopback(const asio::ip::tcp::acceptor& listener);

}  // namespace ringside::dashboard
