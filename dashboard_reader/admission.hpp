// How many clients there may be, in all and of one address. On the loop.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <asio/ip/address.hpp>

namespace ringside::dashboard {

struct AdmissionLimits {
  std::size_t clients = 10'000;
  /// Of one address; none: 256, and any number from this machine, where a proxy may stand for many.
  std::optional<std::size_t> per_address;
};

class Admission {
 public:
  /// One client of those allowed, until it is destroyed. Its Admission outlives it.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          address_(std::move(other.address_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (admission_ != nullptr) admission_->free(address_);
    }

   private:
    friend class Admission;
    Slot(Admission& admission, asio::ip::address address)
        : admission_(&admission), address_(std::move(address)) {}

    Admission* admission_;
    asio::ip::address address_;
  };

  explicit Admission(AdmissionLimits limits) : limits_(limits) {}

  /// A slot for one more client, or nothing and, in `why`, which limit it met.
  std::optional<Slot> admit(const asio::ip::address& peer, std::string& why);

  std::size_t clients() const { return clients_; }

 private:
  void free(const asio::ip::address& address);

  AdmissionLimits limits_;
  std::size_t clients_ = 0;
  std::map<asio::ip::address, std::size_t> by_address_;
};

}  // namespace ringside::dashboard
