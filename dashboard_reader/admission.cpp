#include "dashboard_reader/admission.hpp"

#include <algorithm>

namespace ringside::dashboard {
namespace {

constexpr std::size_t kPerAddress = 256;

/// What counts as one address: of IPv6 the network, since a host has 2^64 addresses of it.
asio::ip::address counted(const asio::ip::address& address) {
  if (!address.is_v6() || address.is_loopback()) return address;
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes);
}

}  // namespace

std::optional<Admission::Slot> Admission::admit(const asio::ip::address& peer, std::string& why) {
  const asio::ip::address address = counted(peer);
  if (clients_ >= limits_.clients) {
    why = "this dashboard has all the clients that it may have (--max-clients " +
          std::to_string(limits_.clients) + "); try again later";
    return std::nullopt;
  }
  std::size_t& same = by_address_[address];
  const bool limited = limits_.per_address || !address.is_loopback();
  const std::size_t most = limits_.per_address.value_or(kPerAddress);
  if (limited && same >= most) {
    if (same == 0) by_address_.erase(address);
    why = "this address has all the clients that it may have (--max-clients-per-address " +
          std::to_string(most) + "); try again later";
    return std::nullopt;
  }
  ++same;
  ++clients_;
  return Slot(*this, address);
}

void Admission::free(const asio::ip::address& address) {
  --clients_;
  const auto same = by_address_.find(address);
  if (--same->second == 0) by_address_.erase(same);
}

}  // namespace ringside::dashboard
