// Files as the bodies of answers, a piece at a time through one buffer that all share: no client
// holds any memory of it. On the loop.
#pragma once

#include <functional>
#include <span>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "dashboard_reader/http/http_response.hpp"

namespace ringside::dashboard {

/// Sends the slice by way of `buffer`. False if the connection must end short of it: the client is
/// gone, or the file was written to meanwhile; what was sent is then never complete. Calls `moving`
/// whenever the client has taken something.
asio::awaitable<bool> send_file(asio::ip::tcp::socket& socket, FileSlice slice,
                                std::span<char> buffer, std::function<void()> moving);

}  // namespace ringside::dashboard
